/** The words that CDI writes on objects. Sources: CDI pkg/common/common.go, pkg/controller/common/util.go. */

const CDI = 'cdi.kubevirt.io';

export const Ann = {
  allowClaimAdoption: `${CDI}/allowClaimAdoption`,
  bound: `${CDI}/storage.condition.bound`,
  boundImmediately: `${CDI}/storage.bind.immediate.requested`,
  cloneError: `${CDI}/cloneError`,
  cloneFallbackReason: `${CDI}/cloneFallbackReason`,
  cloneOf: 'k8s.io/CloneOf',
  clonePhase: `${CDI}/clonePhase`,
  cloneRequest: 'k8s.io/CloneRequest',
  cloneSourcePod: `${CDI}/storage.sourceClonePodName`,
  cloneType: `${CDI}/cloneType`,
  contentType: `${CDI}/storage.contentType`,
  createdBy: `${CDI}/storage.createdByController`,
  createdForDataVolume: `${CDI}/createdForDataVolume`,
  dataSourceNamespace: `${CDI}/dataSourceNamespace`,
  deleteAfterCompletion: `${CDI}/storage.deleteAfterCompletion`,
  eventSource: `${CDI}/events.source`,
  eventSourceKind: `${CDI}/events.source.kind`,
  importPod: `${CDI}/storage.import.importPodName`,
  ownedByDataVolume: `${CDI}/ownedByDataVolume`,
  ownerUid: `${CDI}/ownerUID`,
  podOwner: `${CDI}/storage.ownerRef`,
  podPhase: `${CDI}/storage.pod.phase`,
  podReady: `${CDI}/storage.pod.ready`,
  podRestarts: `${CDI}/storage.pod.restarts`,
  populatedFor: `${CDI}/storage.populatedFor`,
  populatorKind: `${CDI}/storage.populator.kind`,
  populatorProgress: `${CDI}/storage.populator.progress`,
  preallocationRequested: `${CDI}/storage.preallocation.requested`,
  pvcPrime: `${CDI}/storage.populator.pvcPrime`,
  running: `${CDI}/storage.condition.running`,
  selectedNode: 'volume.kubernetes.io/selected-node',
  sourceRunning: `${CDI}/storage.condition.source.running`,
  uploadPod: `${CDI}/storage.uploadPodName`,
  usePopulator: `${CDI}/storage.usePopulator`,
} as const;

export const Label = {
  app: 'app',
  component: CDI,
  cloneId: `${CDI}/storage.clone.cloneUniqeId`,
  fillingUp: 'alerts.k8s.io/KubePersistentVolumeFillingUp',
  ownedByUid: `${CDI}/OwnedByUID`,
  uploadTarget: `${CDI}/uploadTarget`,
  excludeFromBackup: 'velero.io/exclude-from-backup',
} as const;

export const APP = 'containerized-data-importer';

/** Values of the label `cdi.kubevirt.io`: what a pod of CDI's does. */
export const Component = {
  cloneSource: 'cdi-clone-source',
  upload: 'cdi-upload-server',
  prep: 'cdi-populator-prep',
  importer: 'importer',
} as const;

export const Finalizer = {
  clonePopulator: `${CDI}/clonePopulator`,
  cloneSource: `${CDI}/cloneSource`,
  crossNamespace: `${CDI}/dataVolumeFinalizer`,
} as const;

export const API_GROUP = CDI;
export const PROGRESS_DONE = '100.0%';
export const PROGRESS_UNKNOWN = 'N/A';

export const temporaryClaimName = (targetUid: string) => `tmp-pvc-${targetUid}`;
export const temporarySnapshotName = (targetUid: string) => `tmp-snapshot-${targetUid}`;
export const primeClaimName = (targetUid: string) => `prime-${targetUid}`;
export const cloneSourceName = (dataVolumeUid: string) => `volume-clone-source-${dataVolumeUid}`;
export const importSourceName = (dataVolumeUid: string) => `volume-import-source-${dataVolumeUid}`;
export const uploadPodName = (claim: string) => `cdi-upload-${claim}`;
export const sourcePodName = (claimUid: string) => `${claimUid}-source-pod`;
export const prepPodName = (targetUid: string) => `prep-${targetUid}`;
export const importerPodName = (claim: string) => `importer-${claim}`;

/** Labels that CDI's operator puts on everything that its controller makes. */
export const RECOMMENDED_LABELS = {
  'app.kubernetes.io/component': 'storage',
  'app.kubernetes.io/managed-by': 'cdi-controller',
} as const;
