/** "namespace/name", broken after the slash before anywhere else. */
export function RefText({ of: { namespace, name } }: { of: { namespace: string; name: string } }) {
  return (
    <>
      {namespace}/<span className="ref-name">{name}</span>
    </>
  );
}
