/** Values as bytes, as a structured clone makes them. */

import { Deserializer, Serializer } from 'node:v8';

// Node's own functions write views in a form of their own, which counts otherwise than in the runtime.
class Snapshot extends Serializer {
  constructor() {
    super();
    this.writeHeader();
  }

  // Node calls these where the value cannot be copied.
  _getDataCloneError(message: string): DOMException {
    return new DOMException(message, 'DataCloneError');
  }

  _writeHostObject(object: object): never {
    throw new DOMException(
      `Could not serialize object of type "${object.constructor.name}". This type does not support serialization.`,
      'DataCloneError',
    );
  }
}

export function serialize(value: unknown): Uint8Array {
  const snapshot = new Snapshot();
  snapshot.writeValue(value);
  return snapshot.releaseBuffer();
}

export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
