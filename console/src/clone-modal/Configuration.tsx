import { DescriptionList, List, ListItem, Skeleton } from '@patternfly/react-core';
import type { ClonePlanAnswer } from '../../../src/api/answers';
import { Fact } from '../ui/Fact';

/** What is cloned, for reference: none of it can be changed here. */
export function Configuration({ plan }: { plan: ClonePlanAnswer | undefined }) {
  if (!plan) return <Skeleton height="8rem" screenreaderText="The configuration is being read" />;
  const { os, flavor, workload, nics, disks } = plan.configuration;
  return (
    <DescriptionList isCompact aria-label="Configuration" className="configuration">
      <Fact term="Operating system">{os ?? 'Not known'}</Fact>
      <Fact term="Flavor">{flavor}</Fact>
      <Fact term="Workload profile">{workload ?? 'Not known'}</Fact>
      <Fact term="NICs">
        <Lines lines={nics} />
      </Fact>
      <Fact term="Disks">
        <Lines lines={disks} />
      </Fact>
      {plan.sourceOn && <Fact term="Expected downtime">{plan.expectedDowntime.text}</Fact>}
    </DescriptionList>
  );
}

function Lines({ lines }: { lines: string[] }) {
  if (lines.length === 0) return 'None';
  return (
    <List isPlain>
      {lines.map((line) => (
        <ListItem key={line}>{line}</ListItem>
      ))}
    </List>
  );
}
