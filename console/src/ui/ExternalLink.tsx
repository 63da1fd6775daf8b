import ExternalLinkIcon from '@patternfly/react-icons/dist/esm/icons/external-link-alt-icon';
import type { ReactNode } from 'react';

/** A link that opens a tab of its own, and says so. */
export function ExternalLink({
  href,
  label,
  children,
}: {
  href: string;
  label?: string;
  /** None: its icon is all there is to see. */
  children?: ReactNode;
}) {
  return (
    <a href={href} target="_blank" rel="noreferrer" aria-label={label && `${label} (opens a new tab)`}>
      {children} <ExternalLinkIcon aria-hidden />
      {!label && <span className="visually-hidden"> (opens a new tab)</span>}
    </a>
  );
}
