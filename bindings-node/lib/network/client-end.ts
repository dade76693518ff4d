/** The end of a `new WebSocket(url)`: one of a pair whose other side is the connection. */

import { schedule } from '../basics/tasks';
import { native, Status } from '../engine/native';
import { End, type Shell } from '../web/end';
import { refusal } from '../web/errors';
import { Side } from '../web/side';
import { Wire } from '../web/wire';

export class ClientEnd extends End {
  /** Where the connection goes in and out. */
  readonly wire: Wire;
  /** Called when the program closes before the connection is there: give it up, and call `refused`. */
  onabort: () => void = () => {};
  private phase: 'connecting' | 'open' | 'given-up' | 'refused' = 'connecting';
  private chosen: { protocol: string | null; extensions: string | null } = { protocol: '', extensions: '' };
  /** What happens to it beside what comes from the pair, each in a task of its own. */
  private steps: (() => void)[] = [];

  constructor(
    shell: Shell,
    private readonly address: string,
  ) {
    const [own, far] = Side.pair(shell.compat.bits);
    super(own, shell);
    this.own();
    this.wire = new Wire(far);
  }

  /**
   * The connection is there, with what the server chose. Deliver to the wire from when `connect`,
   * which comes right before the event, is called.
   */
  opened(protocol: string | null, extensions: string | null, connect: () => void = () => {}): void {
    this.steps = [
      () => {
        this.phase = 'open';
        this.chosen = { protocol, extensions };
        const { owner } = this;
        super.accept(undefined);
        this.owner = owner;
        connect();
        this.fire(this.shell.events.open());
      },
    ];
    schedule(this);
  }

  /** There will be no connection. */
  refused(error: Error): void {
    const { events } = this.shell;
    if (this.phase !== 'given-up') this.side.detach(native.pairAbandon);
    this.steps = [
      () => {
        this.phase = 'refused';
        this.fire(events.error(error));
      },
      () => this.fire(events.close(1006, 'Failed to establish websocket connection', false)),
    ];
    schedule(this, this.steps.length);
  }

  override get url(): string {
    return this.address;
  }
  override get protocol(): string | null {
    return this.chosen.protocol;
  }
  override get extensions(): string | null {
    return this.chosen.extensions;
  }

  override get readyState(): 0 | 1 | 2 | 3 {
    if (this.phase === 'connecting') return 0;
    // Given up, it shows open until its events, as in the runtime.
    return this.phase === 'refused' ? 3 : super.readyState;
  }

  override accept(halfOpen: boolean | undefined): void {
    if (this.phase === 'connecting') {
      throw new TypeError("Websockets obtained from the 'new WebSocket()' constructor cannot call accept");
    }
    super.accept(halfOpen);
  }

  override close(code: number | undefined, reason: string | undefined): void {
    if (this.phase !== 'connecting') return super.close(code, reason);
    // The arguments are checked first, so this is what comes when they are right.
    const status = native.pairClose(this.side.handle, code, reason);
    if (status !== Status.NotAccepted) throw refusal(status, code);
    this.phase = 'given-up';
    this.side.detach(native.pairAbandon);
    this.onabort();
  }

  override give(): Wire {
    if (this.phase === 'connecting') {
      throw new TypeError("Can't return WebSocket in a Response if it was created with `new WebSocket()`");
    }
    return super.give();
  }

  protected override runEvent(): boolean {
    const step = this.steps.shift();
    if (step === undefined) return super.runEvent();
    step();
    return true;
  }
}
