/** Which behaviour of the runtime is imitated. What changed when is the core's knowledge. */

import { texts, wrongValue } from '../basics/options';
import { native } from '../engine/native';

/** The flags that change something in the shell, by the runtime's names. */
export type Flag =
  | 'workers_api_getters_setters_on_prototype'
  | 'web_socket_compression'
  | 'set_tostring_tag'
  | 'set_event_target_this'
  | 'websocket_standard_binary_type'
  | 'spec_compliant_dispatch_exceptions'
  | 'pedantic_wpt';

export class Compat {
  private constructor(
    /** What a native pair is made with. */
    readonly bits: number,
    private readonly on: ReadonlySet<string>,
  ) {}

  static newest(): Compat {
    return Compat.from(undefined, 0, 0, []);
  }

  /** @param date as a Worker's configuration has it: year-month-day */
  static at(date: string, flags: readonly string[] = []): Compat {
    const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
    if (parts === null || Number.isNaN(Date.parse(date))) {
      throw new TypeError(`"${date}" is not a compatibility date like 2026-11-17.`);
    }
    if (!texts.isType(flags)) throw wrongValue('forCompatibilityDate', 'a list of flags', flags);
    return Compat.from(Number(parts[1]), Number(parts[2]), Number(parts[3]), [...flags]);
  }

  private static from(year: number | undefined, month: number, day: number, flags: string[]): Compat {
    const { bits, on, unknown } = native.compat(year, month, day, flags);
    unknown.forEach(tell);
    return new Compat(bits, new Set(on));
  }

  has(flag: Flag): boolean {
    return this.on.has(flag);
  }
}

/** Once for each: most of them are the runtime's own, for what is not about WebSockets; one may be mistyped. */
function tell(flag: string): void {
  if (told.has(flag) || /^(no_)?nodejs_/.test(flag)) return;
  told.add(flag);
  process.emitWarning(`The compatibility flag "${flag}" changes nothing in wspair.`, { code: 'WSPAIR_FLAG' });
}

const told = new Set<string>();
