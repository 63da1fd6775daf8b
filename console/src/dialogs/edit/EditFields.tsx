import {
  Flex,
  FlexItem,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  NumberInput,
  TextArea,
} from '@patternfly/react-core';
import type { FormEvent } from 'react';
import type { VmSize } from '../../../../src/api/answers';
import { isExact, MEMORY_UNITS, type MemoryUnit } from './memory';
import type { EditFaults, EditInput } from './vm-edit';

export const DESCRIPTION_FIELD = 'edit-description';

interface EditFieldsProps {
  input: EditInput;
  faults: EditFaults;
  size: VmSize;
  onChange: (change: Partial<EditInput>) => void;
}

/** What can be changed of a VM. With an instancetype, that decides on CPU and memory. */
export function EditFields(props: EditFieldsProps) {
  const { input, faults, size, onChange } = props;
  return (
    <>
      <FormGroup label="Description" fieldId={DESCRIPTION_FIELD}>
        <TextArea
          id={DESCRIPTION_FIELD}
          value={input.description}
          validated={faults.description ? 'error' : 'default'}
          aria-describedby={`${DESCRIPTION_FIELD}-help`}
          autoResize
          resizeOrientation="vertical"
          onChange={(_event, description) => onChange({ description })}
        />
        <Help id={`${DESCRIPTION_FIELD}-help`} fault={faults.description} />
      </FormGroup>
      {size.instancetype === undefined ? <SizeFields {...props} /> : <FixedSize size={size} />}
    </>
  );
}

function SizeFields({ input, faults, size, onChange }: EditFieldsProps) {
  const { cpus, memory } = input;
  const { cpusPerSocket: socket } = size;
  const amount = Number(memory.amount);
  const setAmount = (next: number | '') => onChange({ memory: { ...memory, amount: next } });
  return (
    <>
      <FormGroup label="CPU" fieldId="edit-cpus">
        <NumberInput
          value={cpus}
          min={socket}
          validated={faults.cpus ? 'error' : 'default'}
          inputAriaLabel="CPU"
          minusBtnAriaLabel="Less CPU"
          plusBtnAriaLabel="More CPU"
          inputProps={{ id: 'edit-cpus', step: socket, 'aria-describedby': 'edit-cpus-help' }}
          onChange={(event) => onChange({ cpus: numberIn(event) })}
          onMinus={() =>
            onChange({ cpus: Math.max(socket, (Math.ceil(Number(cpus) / socket) - 1) * socket) })
          }
          onPlus={() => onChange({ cpus: (Math.floor(Number(cpus) / socket) + 1) * socket })}
        />
        <Help
          id="edit-cpus-help"
          fault={faults.cpus}
          hint={socket > 1 ? `In steps of ${socket}: each socket has ${socket} CPUs.` : undefined}
        />
      </FormGroup>
      <FormGroup label="Memory" fieldId="edit-memory">
        <Flex gap={{ default: 'gapSm' }}>
          <NumberInput
            value={memory.amount}
            min={1}
            validated={faults.memory ? 'error' : 'default'}
            inputAriaLabel="Memory"
            minusBtnAriaLabel="Less memory"
            plusBtnAriaLabel="More memory"
            inputProps={{ id: 'edit-memory', step: 'any', 'aria-describedby': 'edit-memory-help' }}
            onChange={(event) => setAmount(numberIn(event))}
            onMinus={() => setAmount(Math.max(1, Math.ceil(amount) - 1))}
            onPlus={() => setAmount(Math.floor(amount) + 1)}
          />
          <FlexItem>
            <FormSelect
              id="edit-memory-unit"
              aria-label="Unit of memory"
              value={memory.unit}
              onChange={(_event, unit) => onChange({ memory: { ...memory, unit: unit as MemoryUnit } })}
            >
              {MEMORY_UNITS.map((unit) => (
                <FormSelectOption key={unit} value={unit} label={unit} />
              ))}
            </FormSelect>
          </FlexItem>
        </Flex>
        <Help
          id="edit-memory-help"
          fault={faults.memory}
          hint={
            size.memory && !isExact(size.memory)
              ? `It has ${size.memory}, shown rounded; kept unless changed.`
              : undefined
          }
        />
      </FormGroup>
    </>
  );
}

function FixedSize({ size: { cpus, memory, instancetype } }: { size: VmSize }) {
  return (
    <FormGroup label="CPU and memory" role="group" fieldId="edit-size">
      {cpus} CPU, {memory ?? 'unknown'} memory
      <Help
        id="edit-size-help"
        hint={`The instancetype ${instancetype} decides on both: they can not be changed here.`}
      />
    </FormGroup>
  );
}

function Help({ id, fault, hint }: { id: string; fault?: string; hint?: string }) {
  return (
    <FormHelperText>
      <HelperText id={id} isLiveRegion>
        {(fault ?? hint) && (
          <HelperTextItem variant={fault ? 'error' : 'default'}>{fault ?? hint}</HelperTextItem>
        )}
      </HelperText>
    </FormHelperText>
  );
}

function numberIn(event: FormEvent<HTMLInputElement>): number | '' {
  const { value } = event.currentTarget;
  return value === '' ? '' : Number(value);
}
