/** A way to use a class's volumes: one entry of `status.claimPropertySets`. */
export interface ClaimPropertySet {
  accessModes: string[];
  volumeMode: string;
}

export interface Capabilities {
  /** Best first. */
  claimPropertySets: ClaimPropertySet[];
  /** Undefined: snapshots where there is a snapshot class, else copies. */
  cloneStrategy?: string;
  /** Default pvc. */
  dataImportCronSourceFormat?: 'pvc' | 'snapshot';
}

const RWX_BLOCK = { accessModes: ['ReadWriteMany'], volumeMode: 'Block' };
const RWO_BLOCK = { accessModes: ['ReadWriteOnce'], volumeMode: 'Block' };
const RWO_FILE = { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' };
const RWX_FILE = { accessModes: ['ReadWriteMany'], volumeMode: 'Filesystem' };

const SHARED_BLOCK = [RWX_BLOCK, RWO_FILE];
const RBD = [RWX_BLOCK, RWO_BLOCK, RWO_FILE];

/**
 * What CDI knows of provisioners by their names (CDI pkg/storagecapabilities): the simulator's own, and a few that
 * people know, for who gives a class of the simulator such a name.
 */
const KNOWN: Record<string, Capabilities> = {
  'fast-csi.csi.example.com': { claimPropertySets: SHARED_BLOCK, cloneStrategy: 'csi-clone' },
  'local-wffc.csi.example.com': { claimPropertySets: SHARED_BLOCK, cloneStrategy: 'csi-clone' },
  'standard.csi.example.com': { claimPropertySets: SHARED_BLOCK },
  'snap.csi.example.com': { claimPropertySets: SHARED_BLOCK, dataImportCronSourceFormat: 'snapshot' },
  'csi.simulator.example': { claimPropertySets: [RWO_FILE, RWO_BLOCK, RWX_BLOCK] },
  'sim.csi': { claimPropertySets: [RWO_FILE, RWO_BLOCK, RWX_BLOCK] },
  'rook-ceph.rbd.csi.ceph.com': {
    claimPropertySets: RBD,
    cloneStrategy: 'csi-clone',
    dataImportCronSourceFormat: 'snapshot',
  },
  'rook-ceph.cephfs.csi.ceph.com': { claimPropertySets: [RWX_FILE, RWO_FILE], cloneStrategy: 'csi-clone' },
  'kubevirt.io.hostpath-provisioner': { claimPropertySets: [RWO_FILE] },
  'topolvm.io': { claimPropertySets: [RWO_BLOCK, RWO_FILE], cloneStrategy: 'copy' },
};

/** Undefined for a provisioner that CDI has never heard of. */
export function capabilitiesOf(provisioner: string): Capabilities | undefined {
  return KNOWN[provisioner];
}
