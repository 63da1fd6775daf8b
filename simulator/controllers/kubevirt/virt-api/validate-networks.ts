import type { Interface, VmiSpec } from '../../../../src/clone/resources';
import type { StatusCause } from '../../../apiserver';
import { invalidField, required } from './causes';

const BINDINGS = ['bridge', 'masquerade', 'sriov', 'passtBinding', 'binding'];
const MODELS = ['e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139', 'virtio'];
const STATES = ['absent', 'down', 'up'];

/** Of the bridge inside every launcher pod. */
const RESERVED_MAC = '02:00:00:00:00:00';

type Network = NonNullable<VmiSpec['networks']>[number] & {
  pod?: object;
  multus?: { networkName?: string; default?: boolean };
  resourceClaim?: object;
};

/** Networks and interfaces, in the order of pkg/network/admitter/validator.go. */
export function networkCauses(field: string, spec: VmiSpec): StatusCause[] {
  const path = `${field}.domain.devices.interfaces`;
  const networks = (spec.networks ?? []) as Network[];
  const nics = spec.domain.devices?.interfaces ?? [];
  const networkOf = ({ name }: Interface) => networks.find((network) => network.name === name);
  const named = (entries: { name: string }[]) => new Set(entries.map(({ name }) => name));
  const isKnown = named(networks);
  const isUsed = named(nics);
  return [
    ...sourceCauses(field, networks),
    ...nics.flatMap((nic, index) => stateCauses(`${path}[${index}]`, nic)),
    ...nics.flatMap((nic, index) => bindingCauses(`${path}[${index}]`, nic, networkOf(nic))),
    ...repeated(networks).map((index) => {
      const message = `Network with name "${networks[index]?.name}" already exists, every network must have a unique name`;
      return { reason: 'FieldValueDuplicate', message, field: `${field}.networks[${index}].name` };
    }),
    ...networks.flatMap(({ name }, index) => {
      const at = `${field}.networks[${index}].name`;
      return isUsed.has(name) ? [] : [required(at, `${at} '${name}' not found.`)];
    }),
    ...repeated(nics).map((index) => {
      const message = 'Only one interface can be connected to one specific network';
      return { reason: 'FieldValueDuplicate', message, field: `${path}[${index}].name` };
    }),
    ...nics.flatMap(({ name }, index) => {
      const at = `${path}[${index}].name`;
      return isKnown.has(name) ? [] : [invalidField(at, `${at} '${name}' not found.`)];
    }),
    ...nics.flatMap((nic, index) => fieldCauses(`${path}[${index}]`, nic)),
  ];
}

function sourceCauses(field: string, networks: Network[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const onPod = networks.filter(({ pod }) => pod);
  const defaults = networks.filter(({ multus }) => multus?.default);
  if (onPod.length > 1) {
    const message = `more than one interface is connected to a pod network in ${field}.interfaces`;
    causes.push({ reason: 'FieldValueDuplicate', message, field: `${field}.interfaces` });
  }
  if (defaults.length > 1) {
    causes.push(invalidField(`${field}.networks`, 'Multus CNI should only have one default network'));
  }
  if (onPod.length > 0 && defaults.length > 0) {
    const message = 'Pod network cannot be defined when Multus default network is defined';
    causes.push(invalidField(`${field}.networks`, message));
  }
  for (const [index, { pod, multus, resourceClaim }] of networks.entries()) {
    const sources = [pod, multus, resourceClaim].filter(Boolean).length;
    const at = `${field}.networks[${index}]`;
    if (sources === 0) causes.push(required(at, 'should have a network type'));
    if (sources > 1) causes.push(required(at, 'should have only one network type'));
  }
  const unnamed = networks.findIndex(({ multus }) => multus && !multus.networkName);
  if (unnamed >= 0) {
    const message = 'CNI delegating plugin must have a networkName';
    causes.push(required(`${field}.networks[${unnamed}]`, message));
  }
  return causes;
}

function stateCauses(path: string, nic: Interface): StatusCause[] {
  const state = nic.state as string | undefined;
  if (!state) return [];
  const causes: StatusCause[] = [];
  const wrong = (message: string) => causes.push(invalidField(`${path}.state`, message));
  if (!STATES.includes(state)) wrong(`logical ${nic.name} interface state value is unsupported: ${state}`);
  if (nic.sriov && state !== 'absent') {
    wrong(`"${nic.name}" interface's state "${state}" is not supported for SR-IOV NICs`);
  }
  if (state === 'absent' && !nic.bridge) {
    wrong(`"${nic.name}" interface's state "${state}" is supported only for bridge binding`);
  }
  return causes;
}

function bindingCauses(path: string, nic: Interface, network: Network | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  if (BINDINGS.filter((binding) => nic[binding]).length !== 1) {
    const message = `logical ${nic.name} interface must have exactly one binding method or binding plugin`;
    causes.push(invalidField(path, message));
  }
  if (!nic.masquerade) return causes;
  if (!network?.pod) {
    causes.push(invalidField(`${path}.name`, 'Masquerade interface only implemented with pod network'));
  }
  if (nic.macAddress === RESERVED_MAC) {
    const message = 'The requested MAC address is reserved for the in-pod bridge. Please choose another one.';
    causes.push(invalidField(`${path}.macAddress`, message));
  }
  return causes;
}

/** Nothing compares MAC addresses with those of other VMs: two of one address are accepted. */
function fieldCauses(path: string, { name, model, macAddress }: Interface): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!/^[A-Za-z0-9-_]+$/.test(name)) {
    const message =
      'Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)';
    causes.push(invalidField(`${path}.name`, message));
  }
  if (model && !MODELS.includes(model)) {
    const message = `interface ${path}.name uses model ${model} that is not supported.`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: `${path}.model` });
  }
  const wrong = macAddress && wrongMac(macAddress);
  if (wrong) causes.push(invalidField(`${path}.macAddress`, `interface ${path}.name has ${wrong}.`));
  return causes;
}

/** As net.ParseMAC reads one: pairs by colon or dash, or fours by dot. */
function wrongMac(mac: string): string | undefined {
  const pairs = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})*$/i.test(mac);
  const fours = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i.test(mac);
  const bytes = mac.replaceAll(/[^0-9a-f]/gi, '').length / 2;
  if (!(pairs || fours) || ![6, 8, 20].includes(bytes)) return `malformed MAC address (${mac})`;
  return bytes > 6 ? `too long MAC address (${mac})` : undefined;
}

/** Where a name comes again. */
function repeated(entries: { name: string }[]): number[] {
  return entries.flatMap(({ name }, index) =>
    entries.findIndex((other) => other.name === name) < index ? [index] : [],
  );
}
