import { Button, Flex } from '@patternfly/react-core';

export interface PagesProps {
  /** Of the page that is shown; absent for the first. */
  pageToken?: string;
  nextPageToken?: string;
  /** The page that was asked for is not there yet. */
  isPending: boolean;
  onPage: (pageToken?: string) => void;
}

/** Forward, or back to the beginning: the store that lists clones knows no way back and no number of pages. */
export function Pages({ pageToken, nextPageToken, isPending, onPage }: PagesProps) {
  if (!pageToken && !nextPageToken) return null;
  return (
    <nav aria-label="Pages of clones">
      <Flex justifyContent={{ default: 'justifyContentFlexEnd' }}>
        <Button variant="secondary" isAriaDisabled={!pageToken} onClick={() => onPage(undefined)}>
          First page
        </Button>
        <Button
          variant="secondary"
          isAriaDisabled={!nextPageToken || isPending}
          onClick={() => onPage(nextPageToken)}
        >
          Next page
        </Button>
      </Flex>
    </nav>
  );
}
