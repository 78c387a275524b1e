/**
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, 32-bit operations only, hence quick in JavaScript.
 * One generator is reseeded for each patient, so that a patient's data depend on seed and index alone.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** Starts the stream named by up to three integers. */
  seed(first: number, second = 0, third = 0): this {
    this.#a = mix(first ^ 0x9e3779b9);
    this.#b = mix(second ^ mix(this.#a ^ 0x85ebca6b));
    this.#c = mix(third ^ mix(this.#b ^ 0xc2b2ae35));
    this.#counter = 1;
    for (let i = 0; i < 8; i++) this.next();
    return this;
  }

  /** Uniform in [0, 2³²), an integer. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    this.#c |= 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.next() / 4_294_967_296;
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Index drawn with the given weights, which sum to 1. */
  pick(weights: readonly number[]): number {
    let u = this.uniform();
    for (let i = 0; i < weights.length - 1; i++) {
      u -= weights[i]!;
      if (u < 0) return i;
    }
    return weights.length - 1;
  }
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
