export { cloneVm } from './clone-vm';
export { sweepOrphans } from './sweep-orphans';
