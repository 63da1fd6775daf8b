import {
  Brand,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useLinks } from '../ui/links';
import { ThemeToggle } from './ThemeToggle';

export function Header({ isNavOpen, onNavToggle }: { isNavOpen: boolean; onNavToggle: () => void }) {
  const { follow } = useLinks();
  return (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton
            isHamburgerButton
            aria-label="Navigation"
            isSidebarOpen={isNavOpen}
            onSidebarToggle={onNavToggle}
          />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component="a" href="/vms" onClick={follow} className="logo">
            <Brand src="/favicon.svg" alt="" heights={{ default: '32px' }} /> VM Clone
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarItem align={{ default: 'alignEnd' }}>
              <ThemeToggle />
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}
