/** A run that gdb may look into: the stub's server, and what the loop that runs the machine asks of it. */
import chalk from 'chalk';
import type { DebugStop } from '../cpu/debug-stops';
import { Debugger } from '../gdb/debugger';
import { Monitor } from '../gdb/monitor';
import { GdbServer } from '../gdb/server';
import type { MachineEnd } from '../machine/machine';
import type { GdbOptions } from './gdb-options';
import type { Setup } from './machine-setup';
import { explainAccess } from './walk-body';

export class GdbSession {
  /** gdb gave the run up. */
  killed = false;
  private wakeUp: (() => void) | undefined;

  private constructor(
    private readonly debug: Debugger,
    private readonly server: GdbServer,
  ) {}

  /**
   * Listens.
   * @param log where lines for the user go
   * @throws UserError where that is not possible
   */
  static async open(
    { machine, image }: Setup,
    { option, address, waits }: GdbOptions,
    log: (text: string) => void,
  ): Promise<GdbSession> {
    const debug = new Debugger(machine, image?.endian);
    const plain = new chalk.Instance({ level: 0 });
    const monitor = new Monitor((cpu, ea, access) =>
      explainAccess(machine, cpu, { ea, access, color: plain }),
    );
    const server = await GdbServer.listen(option, address, { debug, monitor, log });
    if (waits) debug.running = false;
    const session = new GdbSession(debug, server);
    debug.events.changed = () => session.wake();
    debug.events.killed = () => {
      session.killed = true;
    };
    log(`gdb may connect to ${server.place}${waits ? '; the guest waits for it' : ''}`);
    return session;
  }

  /** Called when {@link stands} or {@link killed} may have changed. */
  onChange: (() => void) | undefined;

  /** The machine must not run now. */
  get stands(): boolean {
    return !this.debug.running;
  }

  /** Resolves when something has changed, or {@link wake} was called. */
  async change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wakeUp = resolve;
    });
  }

  wake(): void {
    this.wakeUp?.();
    this.wakeUp = undefined;
    this.onChange?.();
  }

  /** The machine has stopped for gdb. */
  stopped(stop: DebugStop): void {
    this.debug.ended(stop);
  }

  /** True where gdb has been told of a guest's death and decides what comes next; false: the run is over. */
  keepsDead(end: MachineEnd): boolean {
    const { debug } = this;
    const isDeath = end.kind === 'checkstop' || end.kind === 'interruptLoop' || end.kind === 'idle';
    if (!isDeath || !debug.isAttached || this.reportedDeath) return false;
    this.reportedDeath = true;
    debug.died(debug.machine.turns.current.state.index);
    return true;
  }

  /** gdb has seen that the guest is dead: if it lets it go on the run is over. */
  private reportedDeath = false;

  /** The run is over. @param code the exit code */
  close(code: number): void {
    this.server.close(code);
  }
}
