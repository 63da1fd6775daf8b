import { Kinds, pathOf } from '../../src/kubernetes';

test.each([
  [{}, '/apis/kubevirt.io/v1/virtualmachines'],
  [{ namespace: 'demo' }, '/apis/kubevirt.io/v1/namespaces/demo/virtualmachines'],
  [{ namespace: 'demo', name: 'web' }, '/apis/kubevirt.io/v1/namespaces/demo/virtualmachines/web'],
  [{ namespace: 'demo', name: 'a/../b' }, '/apis/kubevirt.io/v1/namespaces/demo/virtualmachines/a%2F..%2Fb'],
])('the path of %j', (ref, path) => {
  expect(pathOf(Kinds.VirtualMachine, ref)).toBe(path);
});

test.each(['.', '..', ''])('no path leads to an object or namespace "%s"', (name) => {
  expect(() => pathOf(Kinds.VirtualMachine, { namespace: 'demo', name })).toThrow(RangeError);
  expect(() => pathOf(Kinds.VirtualMachine, { namespace: name, name: 'web' })).toThrow(RangeError);
});
