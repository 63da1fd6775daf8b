import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { crdValidator } from './crd-schema';
import { CASES, outcomeOf, readCase } from './golden-cases';

/** The real CRDs are no part of the project. */
const CRDS = join(__dirname, '../../../shared/crds');
const FILES = {
  VirtualMachine: 'kubevirt-v1.9.0/virtualmachines.kubevirt.io.yaml',
  DataVolume: 'cdi-v1.66.0/datavolumes.cdi.kubevirt.io.yaml',
};
const areThere = Object.values(FILES).every((file) => existsSync(join(CRDS, file)));

if (areThere) {
  const vmErrors = crdValidator(join(CRDS, FILES.VirtualMachine));
  const dataVolumeErrors = crdValidator(join(CRDS, FILES.DataVolume));

  describe('golden objects against the CRDs of KubeVirt 1.9 and CDI 1.66', () => {
    test.each(CASES)('%s: its source is real', (name) =>
      expect(vmErrors(JSON.parse(JSON.stringify(readCase(name).facts.source)))).toEqual([]),
    );

    test.each(CASES)('%s: what is made of it is accepted', (name) => {
      const { vm, dataVolumes = [] } = JSON.parse(JSON.stringify(outcomeOf(readCase(name))));
      if (vm) expect(vmErrors(vm)).toEqual([]);
      for (const dataVolume of dataVolumes) expect(dataVolumeErrors(dataVolume)).toEqual([]);
    });

    const vm = () => JSON.parse(JSON.stringify(readCase('linux-cloud-init').facts.source));
    test.each<[string, (broken: ReturnType<typeof vm>) => void, RegExp]>([
      [
        'an unknown field',
        ({ spec }) => {
          spec.template.spec.domain.devices.diskz = [];
        },
        /devices\/diskz is unknown/,
      ],
      [
        'a wrong type',
        ({ spec }) => {
          spec.template.spec.terminationGracePeriodSeconds = '180';
        },
        /terminationGracePeriodSeconds must be integer/,
      ],
      [
        'a missing field',
        ({ spec }) => {
          delete spec.template.spec.domain.devices;
        },
        /domain must have required property 'devices'/,
      ],
      [
        'no quantity',
        ({ spec }) => {
          spec.template.spec.domain.memory.guest = '4 GB';
        },
        /memory\/guest must match pattern/,
      ],
      [
        'a label that is too long',
        ({ metadata }) => {
          metadata.labels.app = 'a'.repeat(64);
        },
        /labels\/app must match pattern/,
      ],
      [
        'a label that is no text',
        ({ metadata }) => {
          metadata.labels.app = true;
        },
        /labels\/app must be string/,
      ],
      [
        'a list with one key twice',
        ({ spec }) => {
          spec.template.spec.resourceClaims = [{ name: 'a' }, { name: 'a' }];
        },
        /resourceClaims must pass/,
      ],
    ])('the check finds %s', (_what, breakIt, message) => {
      const broken = vm();
      breakIt(broken);
      expect(vmErrors(broken).join('\n')).toMatch(message);
    });
  });
} else {
  test.skip('golden objects against the real CRDs: skipped, for ../shared/crds is not there', () => {});
}
