/**
 * The few messages that kubectl insists on sending as protobuf: those of `kubectl create namespace`, `configmap`,
 * `secret` and `serviceaccount`. Only the fields that these commands set are known; answers are JSON, which every
 * client takes. Field numbers: k8s.io/api/core/v1/generated.proto, k8s.io/apimachinery/pkg/.../generated.proto.
 */

type Field =
  | { name: string; type: 'string' | 'bool' }
  | { name: string; type: 'strings' | 'stringMap' | 'bytesMap' }
  | { name: string; type: 'message'; fields: Fields };

type Fields = Readonly<Record<number, Field>>;

const OBJECT_META: Field = {
  name: 'metadata',
  type: 'message',
  fields: {
    1: { name: 'name', type: 'string' },
    2: { name: 'generateName', type: 'string' },
    3: { name: 'namespace', type: 'string' },
    11: { name: 'labels', type: 'stringMap' },
    12: { name: 'annotations', type: 'stringMap' },
    14: { name: 'finalizers', type: 'strings' },
  },
};

/** Messages by `<apiVersion> <kind>`. */
const MESSAGES: Readonly<Record<string, Fields>> = {
  'v1 Namespace': { 1: OBJECT_META },
  'v1 ServiceAccount': { 1: OBJECT_META },
  'v1 ConfigMap': {
    1: OBJECT_META,
    2: { name: 'data', type: 'stringMap' },
    3: { name: 'binaryData', type: 'bytesMap' },
    4: { name: 'immutable', type: 'bool' },
  },
  'v1 Secret': {
    1: OBJECT_META,
    2: { name: 'data', type: 'bytesMap' },
    3: { name: 'type', type: 'string' },
    4: { name: 'stringData', type: 'stringMap' },
    5: { name: 'immutable', type: 'bool' },
  },
};

const MAGIC = Buffer.from('k8s\0');

/** The object in a protobuf body; undefined when it is none of the known messages, or malformed. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> | undefined {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  try {
    const envelope = new Map(entries(body.subarray(MAGIC.length)));
    const typeMeta = new Map(entries(bytes(envelope.get(1))));
    const [apiVersion, kind] = [bytes(typeMeta.get(1)).toString(), bytes(typeMeta.get(2)).toString()];
    const fields = MESSAGES[`${apiVersion} ${kind}`];
    return fields && { apiVersion, kind, ...decode(bytes(envelope.get(2)), fields) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(message: Buffer, fields: Fields): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const [number, value] of entries(message)) {
    const field = fields[number];
    if (!field) continue;
    const { name } = field;
    switch (field.type) {
      case 'string':
        decoded[name] = bytes(value).toString();
        break;
      case 'bool':
        decoded[name] = value === 1;
        break;
      case 'strings':
        decoded[name] = [...((decoded[name] as string[] | undefined) ?? []), bytes(value).toString()];
        break;
      case 'message':
        decoded[name] = decode(bytes(value), field.fields);
        break;
      default: {
        const entry = new Map(entries(bytes(value)));
        const text = bytes(entry.get(2)).toString(field.type === 'bytesMap' ? 'base64' : 'utf8');
        decoded[name] = { ...(decoded[name] as object), [bytes(entry.get(1)).toString()]: text };
      }
    }
  }
  return decoded;
}

function bytes(value: Buffer | number | undefined): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

/** The fields of a message by number; throws RangeError when it is cut short. */
function* entries(message: Buffer): Generator<[field: number, value: Buffer | number]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at);
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    let value: Buffer | number;
    if (wireType === 0) {
      value = varint();
    } else {
      const length = wireType === 2 ? varint() : wireType === 1 ? 8 : 4;
      if (at + length > message.length) throw new RangeError('the message is cut short');
      value = message.subarray(at, at + length);
      at += length;
    }
    yield [tag >> 3, value];
  }
}
