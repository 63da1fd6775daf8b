import { type PatchOperation, pointer } from '../clone/resources';
import { MARKS, type Owner } from '../contract';

/** Makes a JSON patch fail (422) on any object but the one that this clone made. */
export function ownMarks({ cloneUid, installation }: Owner, uid: string): PatchOperation[] {
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: pointer('metadata', 'labels', MARKS.cloneUid), value: cloneUid },
    { op: 'test', path: pointer('metadata', 'labels', MARKS.installation), value: installation },
  ];
}

/** JSON pointer of an annotation. */
export function markPath(annotation: string): string {
  return pointer('metadata', 'annotations', annotation);
}
