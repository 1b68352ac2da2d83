/** `book3s dump memslots`: the memory slots of the built-in hypervisor's guest, from a snapshot of machine pseries. */
import { UserError } from '../../core/errors';
import { describeMemslots } from '../../kvm/describe';
import { FlatArch } from '../../kvm/flat-arch';
import { StateReader, type Json } from '../../core/saved-state';
import { makeKvmMemory } from '../../kvm/snapshot';
import { isSet, type Parsed } from '../options';
import { memoryOf, openSource } from './source';
import type { Subject } from './subject';

export const MEMSLOTS: Subject = {
  describe: 'machine pseries: both sets of memory slots, what they map, overlaps in hva, dirty pages',
  options: ['trees'],
  run(argv: Parsed) {
    const source = openSource(argv);
    const { name, snapshot } = source;
    const saved = (snapshot.devices as { l0?: { memory?: Json } }).l0?.memory;
    if (saved === undefined)
      throw new UserError(`${name}: machine ${snapshot.machine} has no memory slots; machine pseries has`);
    // Describing needs no tables of an architecture.
    const vm = makeKvmMemory(new StateReader(`${name}: devices.l0.memory`, saved), {
      memory: memoryOf(source),
      arch: new FlatArch(),
    });
    return { text: () => describeMemslots(vm, { trees: isSet(argv, 'trees') }), json: () => saved };
  },
};
