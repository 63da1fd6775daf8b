import { Nav, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import CloneIcon from '@patternfly/react-icons/dist/esm/icons/clone-icon';
import VirtualMachineIcon from '@patternfly/react-icons/dist/esm/icons/virtual-machine-icon';
import { useLocation } from 'react-router';
import { useLinks } from '../ui/links';

const PAGES = [
  { path: '/vms', name: 'Virtual Machines', icon: <VirtualMachineIcon /> },
  { path: '/clones', name: 'Clones', icon: <CloneIcon /> },
];

export function Navigation({ isOpen }: { isOpen: boolean }) {
  const { pathname } = useLocation();
  const { follow } = useLinks();
  return (
    <PageSidebar isSidebarOpen={isOpen}>
      <PageSidebarBody>
        <Nav aria-label="Pages">
          <NavList>
            {PAGES.map(({ path, name, icon }) => (
              <NavItem
                key={path}
                to={path}
                icon={icon}
                isActive={pathname === path || pathname.startsWith(`${path}/`)}
                onClick={follow}
              >
                {name}
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}
