/** The trees on their own: shape, order, maxima and queries against plain lists (scenario T55). */
import * as fc from 'fast-check';
import { checkMaxima, checkTree, nodesOf } from '../../src/kvm/check-invariants';
import { IntervalTree } from '../../src/kvm/interval-tree';
import { RbTree } from '../../src/kvm/rbtree';
import { NIL } from '../../src/kvm/rbtree-links';

interface Interval {
  start: number;
  last: number;
}

const CAPACITY = 60;
const operation = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'erase', 'replace', 'query' as const),
  node: fc.integer({ min: 1, max: CAPACITY }),
  other: fc.integer({ min: 1, max: CAPACITY }),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.integer({ min: 0, max: 40 }),
});

const height = (tree: RbTree, node = tree.root): number =>
  node === NIL ? 0 : 1 + Math.max(height(tree, tree.left(node)), height(tree, tree.right(node)));

function meeting(tree: IntervalTree, first: number, last: number): number[] {
  const nodes: number[] = [];
  for (let at = tree.firstMeeting(first, last); at !== NIL; at = tree.nextMeeting(at, first, last))
    nodes.push(at);
  return nodes;
}

function meetingInModel(model: Map<number, Interval>, first: number, last: number): number[] {
  return [...model].filter(([, i]) => i.start <= last && i.last >= first).map(([node]) => node);
}

const sorted = (nodes: number[]): number[] => [...nodes].sort((a, b) => a - b);

test('T55: after random edits an interval tree is balanced, exact and answers like a list', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150 }), (operations) => {
      const tree = new IntervalTree();
      const model = new Map<number, Interval>();
      const expectSame = (first: number, last: number): void => {
        // Asked several times, so that the answer also comes from what the tree remembers.
        for (let i = 0; i < 5; i++)
          expect(sorted(meeting(tree, first, last))).toEqual(sorted(meetingInModel(model, first, last)));
      };
      for (const { kind, node, other, start, length } of operations) {
        const interval = { start, last: start + length };
        const before = model.get(node) ?? interval;
        expectSame(before.start, before.last);
        if (kind === 'insert' && !model.has(node)) {
          tree.insert(node, interval.start, interval.last);
          model.set(node, interval);
        } else if (kind === 'erase' && model.has(node)) {
          tree.erase(node);
          model.delete(node);
        } else if (kind === 'replace' && model.has(node) && !model.has(other)) {
          const moved = { start: model.get(node)!.start, last: model.get(node)!.start + length };
          tree.replace(node, other, moved.last);
          model.delete(node);
          model.set(other, moved);
        }
        expectSame(start, start + length);
        expectSame(before.start, before.last);
        expect([...checkTree(tree, 'tree'), ...checkMaxima(tree)]).toEqual([]);
        expect(height(tree)).toBeLessThanOrEqual(2 * Math.log2(model.size + 1));
      }
      const starts = meeting(tree, 0, 1000).map((node) => tree.startOf(node));
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('T55: two trees over the same handles are linked independently', () => {
  const trees = [new RbTree('distinct starts'), new RbTree('distinct starts')] as const;
  for (let node = 1; node <= 500; node++) trees[0].insert(node, node * 10, node * 10 + 9);
  for (let node = 500; node >= 1; node--)
    trees[1].insert(node, (node * 7919) % 100_003, (node * 7919) % 100_003);
  for (let node = 2; node <= 500; node += 2) trees[0].erase(node);
  for (let node = 3; node <= 500; node += 3) trees[1].erase(node);
  for (const tree of trees) expect(checkTree(tree, 'tree')).toEqual([]);
  expect(nodesOf(trees[0])).toEqual(Array.from({ length: 250 }, (_, i) => 2 * i + 1));
  expect(trees[1].size).toBe(334);
});

test('searches by point: inside, below, above, in a hole and beside it', () => {
  const tree = new RbTree('distinct starts');
  expect([tree.find(5), tree.findNear(5), tree.upperBound(5), tree.first(), tree.last()]).toEqual([
    0, 0, 0, 0, 0,
  ]);
  tree.insert(1, 10, 19);
  tree.insert(2, 30, 39);
  expect([9, 10, 19, 20, 30, 40].map((point) => tree.find(point))).toEqual([0, 1, 1, 0, 2, 0]);
  expect([1, 2]).toContain(tree.findNear(25));
  expect([9, 10, 29, 30].map((point) => tree.upperBound(point))).toEqual([1, 2, 2, 0]);
  expect([tree.next(1), tree.next(2), tree.previous(2), tree.previous(1)]).toEqual([2, 0, 1, 0]);
});

test('a second node at the same start is a defect where starts must be distinct', () => {
  const tree = new RbTree('distinct starts');
  tree.insert(1, 10, 19);
  expect(() => tree.insert(2, 10, 12)).toThrow('two nodes at 10');
});

test('the checkers see a broken tree', () => {
  const tree = new IntervalTree();
  for (let node = 1; node <= 7; node++) tree.insert(node, node, node);
  const inside = tree as unknown as { links: Int32Array; bounds: Float64Array };
  const lastOfFirst = inside.bounds[3]!;
  inside.bounds[3] = 99;
  expect(checkMaxima(tree).join()).toContain('I11');
  inside.bounds[3] = lastOfFirst;
  inside.links[tree.root * 4 + 3] = 1;
  expect(checkTree(tree, 'tree').join()).toContain('red root');
});
