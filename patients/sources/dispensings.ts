import { regimenCode } from '../record/regimen-code.ts';

export type DrugKind = 'arv' | 'other' | 'unknown';

const DRUG = 0;
const DURATION = 1;
const LINE = 2;
const KINDS: readonly DrugKind[] = ['arv', 'other', 'unknown'];
const [ARV, OTHER, UNKNOWN] = [0, 1, 2] as const;

/** What the forms of one message dispensed, of which drugs, in the order of the observations. Filled again and again. */
export class Dispensings {
  /** Of the form settled last: whether ARVs were dispensed, as far as anybody can tell. */
  isArv = false;
  /** Days as written, or months where `isBare` and small; `NaN` = not written down. */
  supply = Number.NaN;
  /** Whether the supply is a number without its unit. */
  isBare = false;
  /** -1 = unknown */
  regimen = -1;
  line = Number.NaN;
  /** Whether a drug counted as ARV that is no known one. */
  isGuessed = false;

  #count = 0;
  #what = new Uint8Array(128);
  #kind = new Uint8Array(128);
  #bare = new Uint8Array(128);
  #value = new Float64Array(128);
  #next = new Int32Array(128);
  readonly #group: (string | undefined)[] = [];
  readonly #regimens: number[] = [];
  readonly #heads: number[] = [];
  readonly #tails: number[] = [];
  /** Kind of each group of observations, by the id of the observation that holds it together. */
  readonly #groups = new Map<string, DrugKind>();

  clear(): void {
    this.#count = 0;
    this.#heads.length = 0;
    this.#tails.length = 0;
    this.#group.length = 0;
    if (this.#groups.size > 0) this.#groups.clear();
  }

  groupIs(group: string, kind: DrugKind): void {
    this.#groups.set(group, kind);
  }

  drug(form: number, group: string | undefined, kind: DrugKind, name: string): void {
    this.#add(form, DRUG, group, regimenCode(name), KINDS.indexOf(kind), false);
  }

  duration(form: number, group: string | undefined, days: number, isBare: boolean): void {
    this.#add(form, DURATION, group, days, UNKNOWN, isBare);
  }

  regimenLine(form: number, line: number): void {
    this.#add(form, LINE, undefined, line, ARV, false);
  }

  /**
   * Judges one form: a duration belongs to the drug of its group, else to the one that it stands beside, and only those of
   * ARVs count, the longest of them. A form that names no drug dispensed ARVs.
   */
  settle(form: number): void {
    this.isArv = true;
    this.supply = Number.NaN;
    this.isBare = false;
    this.regimen = -1;
    this.line = Number.NaN;
    this.isGuessed = false;
    this.#regimens.length = 0;
    const head = this.#heads[form] ?? -1;
    if (head < 0) return;
    let arv = 0;
    let other = 0;
    let unknown = 0;
    for (let i = head; i >= 0; i = this.#next[i]!) {
      if (this.#what[i] === LINE) {
        this.line = this.#value[i]!;
        arv++;
        continue;
      }
      if (this.#groupKind(i) === ARV || (this.#what[i] === DRUG && this.#kind[i] === ARV)) arv++;
      else if (this.#groupKind(i) === OTHER || (this.#what[i] === DRUG && this.#kind[i] === OTHER)) other++;
      else if (this.#what[i] === DRUG) unknown++;
    }
    if (arv === 0 && unknown === 0 && other > 0) {
      this.isArv = false;
      return;
    }
    this.isGuessed = arv === 0 && unknown > 0;
    if (other === 0 && (arv === 0 || unknown === 0)) this.#takeAll(head);
    else this.#takePaired(head, arv > 0 ? OTHER : ARV);
  }

  #takeAll(head: number): void {
    for (let i = head; i >= 0; i = this.#next[i]!) {
      if (this.#what[i] === DURATION) this.#takeDuration(i);
      else if (this.#what[i] === DRUG) this.#takeRegimen(i);
    }
  }

  #takePaired(head: number, unknownIs: number): void {
    for (let i = head; i >= 0; i = this.#next[i]!) {
      if (this.#what[i] === LINE) continue;
      if (this.#what[i] === DRUG) {
        if (this.#kindOf(i, unknownIs) === ARV) this.#takeRegimen(i);
        continue;
      }
      const group = this.#groupKind(i);
      const kind = group !== UNKNOWN ? group : this.#kindOf(this.#drugOf(head, i), unknownIs);
      if (kind === ARV) this.#takeDuration(i);
    }
  }

  #kindOf(drug: number, unknownIs: number): number {
    if (drug < 0) return ARV;
    const group = this.#groupKind(drug);
    const kind = group !== UNKNOWN ? group : this.#kind[drug]!;
    return kind === UNKNOWN ? unknownIs : kind;
  }

  /**
   * The drug that a duration is of: the only one of its group; of several, or without groups, the k-th drug of the k-th
   * duration where there are as many, else the one before it, else the one behind it. -1 where there is none.
   */
  #drugOf(head: number, duration: number): number {
    const group = this.#group[duration];
    let drugs = 0;
    let durations = 0;
    let rank = 0;
    let before = -1;
    let behind = -1;
    for (let i = head; i >= 0; i = this.#next[i]!) {
      if (this.#group[i] !== group) continue;
      if (this.#what[i] === DRUG) {
        drugs++;
        if (rank === 0) before = i;
        else if (behind < 0) behind = i;
      } else if (this.#what[i] === DURATION) {
        durations++;
        if (i === duration) rank = durations;
      }
    }
    if (drugs !== durations) return before >= 0 ? before : behind;
    let k = 0;
    for (let i = head; i >= 0; i = this.#next[i]!)
      if (this.#group[i] === group && this.#what[i] === DRUG && ++k === rank) return i;
    return -1;
  }

  #groupKind(i: number): number {
    const group = this.#group[i];
    const kind = group === undefined ? undefined : this.#groups.get(group);
    return kind === undefined ? UNKNOWN : KINDS.indexOf(kind);
  }

  #takeDuration(i: number): void {
    const value = this.#value[i]!;
    if (this.supply >= value) return;
    this.supply = value;
    this.isBare = this.#bare[i] === 1;
  }

  /** Several ARVs of one form are one regimen, in whatever order; one that is named twice counts once. */
  #takeRegimen(i: number): void {
    const code = this.#value[i]!;
    if (code < 0 || this.#regimens.includes(code)) return;
    this.#regimens.push(code);
    this.regimen = this.regimen < 0 ? code : (this.regimen ^ code) & 0x7fffffff;
  }

  #add(
    form: number,
    what: number,
    group: string | undefined,
    value: number,
    kind: number,
    isBare: boolean,
  ): void {
    if (this.#count === this.#what.length) this.#grow();
    const at = this.#count++;
    this.#what[at] = what;
    this.#kind[at] = kind;
    this.#bare[at] = isBare ? 1 : 0;
    this.#value[at] = value;
    this.#next[at] = -1;
    this.#group[at] = group;
    while (this.#heads.length <= form) {
      this.#heads.push(-1);
      this.#tails.push(-1);
    }
    if (this.#heads[form]! < 0) this.#heads[form] = at;
    else this.#next[this.#tails[form]!] = at;
    this.#tails[form] = at;
  }

  #grow(): void {
    const size = this.#what.length * 2;
    const wider = <T extends Uint8Array | Float64Array | Int32Array>(old: T, empty: T): T => {
      empty.set(old);
      return empty;
    };
    this.#what = wider(this.#what, new Uint8Array(size));
    this.#kind = wider(this.#kind, new Uint8Array(size));
    this.#bare = wider(this.#bare, new Uint8Array(size));
    this.#value = wider(this.#value, new Float64Array(size));
    this.#next = wider(this.#next, new Int32Array(size));
  }
}
