import {
  Checkbox,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import { useNamespaces } from '../api/queries';
import type { CloneForm, Verdict } from './form';

const LONGEST_DESCRIPTION = 2000;
export const NAME_FIELD = 'clone-name';

/** What can be chosen for the clone. */
export function CloneFields({
  form,
  verdict,
  onChange,
}: {
  form: CloneForm;
  verdict: Verdict;
  onChange: (change: Partial<CloneForm>) => void;
}) {
  const { data: namespaces } = useNamespaces();
  const { name, namespace, nameError } = verdict;
  const choices = [...new Set([namespace, ...(namespaces?.items.map((each) => each.name) ?? [])])].sort();
  return (
    <>
      <FormGroup label="Name" isRequired fieldId={NAME_FIELD}>
        <TextInput
          id={NAME_FIELD}
          isRequired
          value={name}
          validated={nameError ? 'error' : 'default'}
          aria-describedby="clone-name-help"
          autoComplete="off"
          spellCheck={false}
          onChange={(_event, value) => onChange({ name: value })}
        />
        <FormHelperText>
          <HelperText id="clone-name-help" isLiveRegion>
            {nameError && <HelperTextItem variant="error">{nameError}</HelperTextItem>}
          </HelperText>
        </FormHelperText>
      </FormGroup>
      <FormGroup label="Description" fieldId="clone-description">
        <TextArea
          id="clone-description"
          value={form.description}
          maxLength={LONGEST_DESCRIPTION}
          autoResize
          resizeOrientation="vertical"
          onChange={(_event, description) => onChange({ description })}
        />
      </FormGroup>
      <FormGroup label="Namespace" fieldId="clone-namespace">
        <FormSelect
          id="clone-namespace"
          value={namespace}
          onChange={(_event, value) => onChange({ namespace: value })}
        >
          {choices.map((choice) => (
            <FormSelectOption key={choice} value={choice} label={choice} />
          ))}
        </FormSelect>
      </FormGroup>
      <FormGroup role="group" aria-label="After cloning">
        <Checkbox
          id="clone-start"
          label="Start virtual machine on clone"
          isChecked={form.startAfterClone}
          onChange={(_event, startAfterClone) => onChange({ startAfterClone })}
        />
      </FormGroup>
    </>
  );
}
