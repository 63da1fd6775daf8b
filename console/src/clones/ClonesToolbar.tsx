import {
  FormSelect,
  FormSelectOption,
  ToggleGroup,
  ToggleGroupItem,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import type { Outcome } from '../../../src/contract';
import { phaseName } from '../ui/phase-names';
import { type ClonesQuery, OUTCOMES } from './query';

export interface ClonesToolbarProps {
  query: ClonesQuery;
  namespaces: readonly string[];
  onQuery: (query: ClonesQuery) => void;
}

/** Which clones are shown. Any change begins at the first page. */
export function ClonesToolbar({ query, namespaces, onQuery }: ClonesToolbarProps) {
  const { namespace, open, phase } = query;
  const shown = open === true ? 'Under way' : open === false || phase ? 'Past' : 'All';
  const ages = { All: {}, 'Under way': { open: true }, Past: { open: false } } as const;
  const choices = [...new Set(namespace ? [namespace, ...namespaces] : namespaces)].sort();
  return (
    <Toolbar aria-label="Filters of clones" className="list-toolbar">
      <ToolbarContent>
        <ToolbarItem>
          <ToggleGroup aria-label="Clones by age">
            {Object.entries(ages).map(([name, age]) => (
              <ToggleGroupItem
                key={name}
                text={name}
                buttonId={`clones-${name.toLowerCase().replace(' ', '-')}`}
                isSelected={name === shown}
                onChange={() => onQuery({ ...(namespace && { namespace }), ...age })}
              />
            ))}
          </ToggleGroup>
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect
            id="clones-outcome"
            aria-label="Outcome"
            value={phase ?? ''}
            onChange={(_event, value) =>
              onQuery({ ...(namespace && { namespace }), ...(value && { phase: value as Outcome }) })
            }
          >
            <FormSelectOption value="" label="Any outcome" />
            {OUTCOMES.map((outcome) => (
              <FormSelectOption key={outcome} value={outcome} label={phaseName(outcome)} />
            ))}
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect
            id="clones-namespace"
            aria-label="Namespace"
            value={namespace ?? ''}
            onChange={(_event, value) => {
              const { namespace: _, pageToken, ...rest } = query;
              onQuery({ ...rest, ...(value && { namespace: value }) });
            }}
          >
            <FormSelectOption value="" label="All namespaces" />
            {choices.map((choice) => (
              <FormSelectOption key={choice} value={choice} label={choice} />
            ))}
          </FormSelect>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}
