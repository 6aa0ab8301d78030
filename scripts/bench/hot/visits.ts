/** Counts the visits that the egress makes: whenever a viewer is given a batch of a ring. */
import { Feeds } from "../../../src/feed/feeds.ts";

export const visits = { made: 0 };

const { next } = Feeds.prototype;

Feeds.prototype.next = function (now, patience) {
  const feed = next.call(this, now, patience);
  if (feed !== null) visits.made += feed.subscribers.length;
  return feed;
};
