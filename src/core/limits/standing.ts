// What a shard tells the others of those who wait for a counter in it, made of its lists.
import type { Standing } from './cells.ts';
import type { WaitList } from './wait-list.ts';
import { goesBefore } from './wait-priority.ts';

export function standingOf(lists: readonly WaitList[]): Standing {
  let [priority, limit, limitMax, count, countWithoutConnection, tasksSeen] = [0, 0, 0, 0, 0, 0];
  for (const list of lists) {
    if (goesBefore(list.priority, priority)) {
      priority = list.priority;
      limit = list.limit;
    }
    limitMax = Math.max(limitMax, list.limit);
    count += list.size;
    countWithoutConnection += list.countWithoutConnection;
    tasksSeen = Math.max(tasksSeen, list.tasksSeen);
  }
  return { priority, limit, limitMax, count, countWithoutConnection, tasksSeen };
}
