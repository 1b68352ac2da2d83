import { Contexts } from '../../src/engine/contexts';

const HOST = { lpid: 0, pid: 1 };
const GUEST = { lpid: 2, pid: 1 };

function contexts() {
  let cleared = 0;
  const all = new Contexts(() => cleared++);
  return { all, cleared: () => cleared };
}

describe('context numbers', () => {
  test('the same context always has the same number, another one has another', () => {
    const { all } = contexts();
    const a = all.number('host', HOST, 1);
    const b = all.number('guest', GUEST, 1);
    expect(b).not.toBe(a);
    expect(all.number('host', HOST, 2)).not.toBe(a);
    expect(all.number('host', HOST, 1)).toBe(a);
    expect(all.number('guest', GUEST, 1)).toBe(b);
  });

  test('a dropped context gets a new number, the others keep theirs', () => {
    const { all } = contexts();
    const host = all.number('host', HOST, 0);
    const guest = all.number('guest', GUEST, 0);
    expect(all.drop(({ lpid }) => lpid === 2)).toBe(true);
    expect(all.number('guest', GUEST, 0)).not.toBe(guest);
    expect(all.number('host', HOST, 0)).toBe(host);
    expect(all.drop(({ lpid }) => lpid === 9)).toBe(false);
  });

  test('a forgotten key gets new numbers, the others keep theirs', () => {
    const { all } = contexts();
    const host = all.number('host', HOST, 0);
    const guest = all.number('guest', GUEST, 0);
    all.forget('guest');
    expect(all.size).toBe(1);
    expect([host, guest]).not.toContain(all.number('guest', GUEST, 0));
    expect(all.number('host', HOST, 0)).toBe(host);
    all.forget('neither');
    expect(all.number('host', HOST, 0)).toBe(host);
  });

  test('when numbers run out all caches are emptied and numbers stay within 12 bits and below the empty tag', () => {
    const { all, cleared } = contexts();
    const seen = new Set<number>();
    for (let i = 0; i < 4094; i++) seen.add(all.number(`r${i}`, HOST, 0));
    expect(seen.size).toBe(4094);
    expect(cleared()).toBe(0);
    expect(all.number('one more', HOST, 0)).toBe(1);
    expect(cleared()).toBe(1);
    expect(Math.max(...seen)).toBeLessThan(0xfff);
    expect(Math.min(...seen)).toBe(1);
  });
});
