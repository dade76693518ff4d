/** The module's memory, seen from JavaScript. Views of it end when it grows, so that they are asked for each time. */

import { Buffer } from 'node:buffer';

/** What the module exports beside the functions that napi-rs registers. */
export interface Exports {
  memory: { buffer: ArrayBuffer };
  __indirect_function_table: { get(index: number): never };
  wspair_allocate(length: number): number;
  wspair_free(address: number, length: number): void;
  napi_register_wasm_v1(env: number, exports: number): number;
}

export class Memory {
  private view_ = new DataView(new ArrayBuffer(0));
  private bytes_ = Buffer.alloc(0);

  /** Told once the module is there, which nothing is asked of before. */
  exports!: Exports;

  get view(): DataView {
    this.refresh();
    return this.view_;
  }

  get bytes(): Buffer {
    this.refresh();
    return this.bytes_;
  }

  private refresh(): void {
    const { buffer } = this.exports.memory;
    if (this.view_.buffer === buffer) return;
    this.view_ = new DataView(buffer);
    this.bytes_ = Buffer.from(buffer);
  }

  /** Puts a word where a caller wants one, if it does. */
  put(address: number, word: number): void {
    if (address !== 0) this.view.setUint32(address, word, true);
  }

  /** @param length in bytes; all ones for a text that ends with a NUL */
  utf8(address: number, length: number): string {
    const { bytes } = this;
    const end = length >>> 0 === 0xffff_ffff ? bytes.indexOf(0, address) : address + length;
    return bytes.toString('utf8', address, end);
  }

  /** A copy of bytes, in memory that is to be freed. */
  copy(bytes: Uint8Array): number {
    const address = this.exports.wspair_allocate(bytes.length);
    this.bytes.set(bytes, address);
    return address;
  }

  free(address: number, length: number): void {
    this.exports.wspair_free(address, length);
  }
}
