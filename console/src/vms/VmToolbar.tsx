import {
  FormSelect,
  FormSelectOption,
  SearchInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useEffect, useRef, useState } from 'react';
import type { VmFilters } from './filters';

/** After so many milliseconds without a key the API is asked. */
const TYPING_MS = 250;

/** Filters by name, IP address and namespace. */
export function VmToolbar({
  filters,
  namespaces,
  onChange,
}: {
  filters: VmFilters;
  namespaces: string[];
  onChange: (change: Partial<VmFilters>) => void;
}) {
  const known = filters.namespace && !namespaces.includes(filters.namespace);
  return (
    <Toolbar aria-label="Filter virtual machines" className="list-toolbar">
      <ToolbarContent>
        <ToolbarItem>
          <FormSelect
            aria-label="Namespace"
            value={filters.namespace}
            onChange={(_event, namespace) => onChange({ namespace })}
          >
            <FormSelectOption value="" label="All namespaces" />
            {known && <FormSelectOption value={filters.namespace} label={filters.namespace} />}
            {namespaces.map((name) => (
              <FormSelectOption key={name} value={name} label={name} />
            ))}
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem>
          <TypedFilter label="Filter by name" value={filters.name} onChange={(name) => onChange({ name })} />
        </ToolbarItem>
        <ToolbarItem>
          <TypedFilter label="Filter by IP address" value={filters.ip} onChange={(ip) => onChange({ ip })} />
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}

/** What is typed shows at once, and counts, trimmed and in lower case, when the typing pauses. */
function TypedFilter({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // What comes back of what was sent is no news: meanwhile more may have been typed.
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    clearTimeout(timer.current);
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (text: string, delay: number) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = text.trim().toLowerCase();
      onChange(sent.current);
    }, delay);
  };
  return (
    <SearchInput
      aria-label={label}
      placeholder={`${label} …`}
      value={typed}
      onChange={(_event, text) => change(text, TYPING_MS)}
      onClear={() => change('', 0)}
      resetButtonLabel={`Clear: ${label.toLowerCase()}`}
    />
  );
}
