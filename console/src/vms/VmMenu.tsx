import { Dropdown, DropdownItem, DropdownList, MenuToggle, type TooltipProps } from '@patternfly/react-core';
import EllipsisVIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon';
import { memo, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ActionName } from '../../../src/clone/actions';
import type { VmRow } from '../../../src/clone/status';
import { menuId, useDialogs } from '../dialogs/dialogs';
import { inMain } from '../ui/in-main';
import { menuOf } from './menu';
import { useVmAction } from './useVmAction';

/** To the left of an entry; where there is no room, not beyond the end of the menu. */
const BESIDE: Pick<TooltipProps, 'position' | 'flipBehavior'> = {
  position: 'left',
  flipBehavior: ['left', 'bottom-end', 'top-end'],
};

/** The kebab of one VM. What is impossible stays in it, with the reason. */
export const VmMenu = memo(function VmMenu({ row }: { row: VmRow }) {
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const dialogs = useDialogs();
  const act = useVmAction();
  const vm = { namespace: row.namespace, name: row.name };

  const toggle = useFocusHandedOn();

  function choose(action: ActionName): void {
    setOpen(false);
    if (action === 'run') void act('start', vm);
    else if (action === 'pause' || action === 'unpause') void act(action, vm);
    else dialogs.open(action, vm);
  }

  return (
    <Dropdown
      ref={menu}
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right', appendTo: inMain }}
      toggle={{
        toggleRef: toggle,
        toggleNode: (
          <MenuToggle
            ref={toggle}
            id={menuId(vm)}
            variant="plain"
            aria-label={`Actions of ${row.name} in ${row.namespace}`}
            isExpanded={open}
            onClick={() => setOpen(!open)}
            icon={<EllipsisVIcon />}
          />
        ),
      }}
    >
      <DropdownList>
        {menuOf(row).map(({ action, label }) => {
          const { enabled, reason } = row.actions[action];
          return (
            <DropdownItem
              key={action}
              isAriaDisabled={!enabled}
              tooltipProps={enabled ? undefined : { content: reason, ...BESIDE }}
              isDanger={action === 'delete' && enabled}
              onClick={() => enabled && choose(action)}
            >
              {label}
            </DropdownItem>
          );
        })}
        <FocusFirst menu={menu} />
      </DropdownList>
    </Dropdown>
  );
});

/** For a button that may go while it has the focus, with the VM of its row: the page's heading has it then. */
function useFocusHandedOn(): RefObject<HTMLButtonElement> {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const element = button.current;
    return () => {
      if (element && element === document.activeElement) document.getElementById('main-heading')?.focus();
    };
  }, []);
  return button;
}

/**
 * Focuses a menu's first entry when it opens, in the second pass, when the entries' tooltips listen for the focus:
 * PatternFly's own focus sometimes comes before them, and the reason why an entry is disabled would not be told.
 */
function FocusFirst({ menu }: { menu: RefObject<HTMLElement> }) {
  const [mounted, setMounted] = useState(false);
  useEffect(() => setMounted(true), []);
  useEffect(() => {
    if (mounted)
      menu.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus({ preventScroll: true });
  }, [mounted, menu]);
  return null;
}
