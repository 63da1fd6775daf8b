import { Checkbox, FormGroup } from '@patternfly/react-core';
import type { ClonePlanAnswer } from '../../../src/api/answers';
import type { CloneForm } from './form';

/** What the clone would look for in another namespace, and could have copied. */
const COPYABLE = ['SecretNotAvailable', 'ConfigMapNotAvailable'];

/** Options, shown only where they would change something: what stands against the clone, or a guest that will not stop. */
export function Remedies({
  form,
  plan,
  onChange,
}: {
  form: CloneForm;
  plan: ClonePlanAnswer | undefined;
  onChange: (change: Partial<CloneForm>) => void;
}) {
  const types = plan?.blockers.map(({ type }) => type) ?? [];
  const chosen = form.beginWithoutState || form.copySecrets;
  if (!chosen && types.length === 0 && !plan?.sourceOn) return null;
  return (
    <FormGroup role="group" aria-label="Options" isStack>
      {(form.beginWithoutState || types.includes('PersistentState')) && (
        <Checkbox
          id="clone-without-state"
          label="Begin with an empty TPM and EFI state"
          description="What is sealed with it asks for its recovery key in the clone."
          isChecked={form.beginWithoutState}
          onChange={(_event, beginWithoutState) => onChange({ beginWithoutState })}
        />
      )}
      {(form.copySecrets || types.some((type) => COPYABLE.includes(type))) && (
        <Checkbox
          id="clone-copy-secrets"
          label="Copy the Secrets and ConfigMaps that it names"
          description="The clone gets copies of its own in its namespace."
          isChecked={form.copySecrets}
          onChange={(_event, copySecrets) => onChange({ copySecrets })}
        />
      )}
      {plan?.sourceOn && (
        <Checkbox
          id="clone-force"
          label="Cut its power if it does not shut down in time"
          description="Otherwise the clone is aborted. Data that the guest has not written yet could be lost."
          isChecked={form.forceShutdown}
          onChange={(_event, forceShutdown) => onChange({ forceShutdown })}
        />
      )}
    </FormGroup>
  );
}
