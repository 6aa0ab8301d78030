import type { Link } from "../cascade/link.ts";
import type { Node } from "../cascade/node.ts";
import { readCut, readCutWish } from "../wire/cascade/cut.ts";
import type { Elements } from "../wire/cascade/elements.ts";
import { Message } from "../wire/cascade/kinds.ts";
import { readRemarks, readRemarksWish } from "../wire/cascade/remark.ts";
import type { Cuts } from "./cuts.ts";
import type { ToldRemarks } from "./told-remarks.ts";

/** What goes down the tree of a stream beside its media, and who wants it. */
export class TreeMessages {
  constructor(
    private readonly node: Node,
    private readonly cuts: Cuts,
    private readonly remarks: ToldRemarks,
  ) {}

  /** False for what is none of these. */
  take(link: Link, type: number, elements: Elements, now: number): boolean {
    if (type === Message.cut) {
      const cut = readCut(elements);
      const pull = cut === null ? null : this.node.pulls.of(link, cut.alias);
      if (cut !== null && pull !== null) this.cuts.heard(pull.stream, link, cut, now);
    } else if (type === Message.remarks) {
      const told = readRemarks(elements);
      const pull = told === null ? null : this.node.pulls.of(link, told.alias);
      if (told !== null && pull !== null) this.remarks.heard(pull.stream, told);
    } else if (type === Message.cutWish) {
      const wish = readCutWish(elements);
      const child = wish === null ? null : this.node.serving.find(link, wish.alias);
      if (wish !== null && child !== null) this.cuts.asked(child, wish);
    } else if (type === Message.remarksWish) {
      const wish = readRemarksWish(elements);
      const child = wish === null ? null : this.node.serving.find(link, wish.alias);
      if (wish !== null && child !== null) this.remarks.asked(child, wish.since);
    } else return false;
    return true;
  }
}
