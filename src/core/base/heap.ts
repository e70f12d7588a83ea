// A binary min-heap whose members know their place, so that any of them can be removed in logarithmic time.

/** What a heap keeps in its members: the place in the heap, -1 outside. A member is in one heap at a time. */
export interface HeapMember {
  heapIndex: number;
}

export class Heap<T extends HeapMember> {
  /** Made of the first member: of many a heap it is the only one, and a list that grows from nothing takes room for 17. */
  #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    item.heapIndex = this.#items.length;
    if (item.heapIndex === 0) this.#items = [item];
    else this.#items.push(item);
    this.#rise(item);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes `item` out; does nothing when it is in no heap. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    const last = this.#items.pop() as T;
    item.heapIndex = -1;
    if (last === item) return;
    this.#items[index] = last;
    last.heapIndex = index;
    this.#rise(last);
    this.#sink(last);
  }

  has(item: T): boolean {
    return item.heapIndex >= 0 && this.#items[item.heapIndex] === item;
  }

  /** The members as they are now, in no particular order: a copy of references, without a step for each. */
  list(): T[] {
    return this.#items.slice();
  }

  /** All members in no particular order. */
  values(): IterableIterator<T> {
    return this.#items.values();
  }

  #rise(item: T): void {
    let index = item.heapIndex;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex] as T;
      if (!this.#isBefore(item, parent)) break;
      this.#items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #sink(item: T): void {
    const size = this.#items.length;
    let index = item.heapIndex;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      const right = this.#items[childIndex + 1];
      if (right !== undefined && this.#isBefore(right, this.#items[childIndex] as T)) childIndex++;
      const child = this.#items[childIndex] as T;
      if (!this.#isBefore(child, item)) break;
      this.#items[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
