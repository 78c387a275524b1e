/** The parts of an `autoscaling/v2` HorizontalPodAutoscaler on one External metric that decide a replica count. */
export type HpaSettings = {
  minReplicas: number;
  maxReplicas: number;
  /** `target.averageValue`: units of the metric for each pod. */
  averageValue: number;
  scaleUp: ScalingRules;
  scaleDown: ScalingRules;
};

export type ScalingRules = {
  stabilizationWindowSeconds: number;
  selectPolicy: 'Max' | 'Min' | 'Disabled';
  policies: { type: 'Percent' | 'Pods'; value: number; periodSeconds: number }[];
};

/** The controller manager's `--horizontal-pod-autoscaler-tolerance`, default value. */
const TOLERANCE = 0.1;
/** The controller manager's `--horizontal-pod-autoscaler-sync-period`, default value. */
export const SYNC_SECONDS = 15;

type Stamped = { atSeconds: number; replicas: number };

/**
 * The HPA controller's decision for one External metric with `AverageValue`, in the order in which Kubernetes
 * 1.32 takes it (replica_calculator.go and horizontal.go of pkg/controller/podautoscaler): usage over target
 * with a tolerance, then the highest (or lowest) recommendation of the stabilisation window, then what the
 * policies allow a period, then the bounds. A simulation: pods are counted as the caller says.
 */
export class HpaController {
  readonly #settings: HpaSettings;
  #recommendations: Stamped[] = [];
  #ups: Stamped[] = [];
  #downs: Stamped[] = [];

  constructor(settings: HpaSettings) {
    this.#settings = settings;
  }

  /**
   * The count to scale to. `usage` is the metric's value; undefined (absent, or the adapter is down) changes
   * nothing, as the controller skips a sync whose only metric fails.
   */
  reconcile(atSeconds: number, current: number, usage: number | undefined): number {
    if (usage === undefined) return current;
    const { minReplicas, maxReplicas } = this.#settings;
    if (current > maxReplicas) return this.#record(atSeconds, current, maxReplicas);
    if (current < minReplicas) return this.#record(atSeconds, current, minReplicas);
    const recommended = this.#recommend(current, usage);
    const stable = this.#stabilise(atSeconds, current, recommended);
    return this.#record(atSeconds, current, this.#limit(atSeconds, current, stable));
  }

  #recommend(current: number, usage: number): number {
    const ratio = usage / (this.#settings.averageValue * current);
    return Math.abs(1 - ratio) <= TOLERANCE ? current : Math.ceil(usage / this.#settings.averageValue);
  }

  #stabilise(atSeconds: number, current: number, recommended: number): number {
    const { scaleUp, scaleDown } = this.#settings;
    const since = (windowSeconds: number) =>
      this.#recommendations
        .filter((past) => past.atSeconds > atSeconds - windowSeconds)
        .map((past) => past.replicas);
    const lowest = Math.min(recommended, ...since(scaleUp.stabilizationWindowSeconds));
    const highest = Math.max(recommended, ...since(scaleDown.stabilizationWindowSeconds));
    const keepSeconds = Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds);
    this.#recommendations = this.#recommendations.filter((past) => past.atSeconds > atSeconds - keepSeconds);
    this.#recommendations.push({ atSeconds, replicas: recommended });
    return Math.min(Math.max(current, lowest), highest);
  }

  #limit(atSeconds: number, current: number, desired: number): number {
    const { minReplicas, maxReplicas, scaleUp, scaleDown } = this.#settings;
    if (desired > current) {
      const allowed = Math.max(current, this.#reach(atSeconds, current, scaleUp, 'up'));
      return Math.min(desired, allowed, maxReplicas);
    }
    if (desired < current) {
      const allowed = Math.min(current, this.#reach(atSeconds, current, scaleDown, 'down'));
      return Math.max(desired, allowed, minReplicas);
    }
    return current;
  }

  /** How far the policies let the count go now, from where each policy's period began. */
  #reach(atSeconds: number, current: number, rules: ScalingRules, direction: 'up' | 'down'): number {
    if (rules.selectPolicy === 'Disabled') return current;
    const sign = direction === 'up' ? 1 : -1;
    const reaches = rules.policies.map((policy) => {
      const changed = (events: Stamped[]) =>
        events
          .filter((event) => event.atSeconds > atSeconds - policy.periodSeconds)
          .reduce((sum, event) => sum + event.replicas, 0);
      const start = current - changed(this.#ups) + changed(this.#downs);
      if (policy.type === 'Pods') return start + sign * policy.value;
      const scaled = start * (1 + (sign * policy.value) / 100);
      return direction === 'up' ? Math.ceil(scaled) : Math.trunc(scaled);
    });
    const furthest = (rules.selectPolicy === 'Max') === (direction === 'up');
    return furthest ? Math.max(...reaches) : Math.min(...reaches);
  }

  #record(atSeconds: number, current: number, next: number): number {
    if (next > current) this.#ups.push({ atSeconds, replicas: next - current });
    if (next < current) this.#downs.push({ atSeconds, replicas: current - next });
    return next;
  }
}

/**
 * Reads the settings out of an HPA manifest.
 * @throws when it has anything but one External metric with an AverageValue, or a behaviour left to defaults.
 */
export function hpaSettings(manifest: unknown): HpaSettings {
  const { spec } = manifest as {
    spec: {
      minReplicas: number;
      maxReplicas: number;
      metrics: { type: string; external?: { target: { type: string; averageValue: string } } }[];
      behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
    };
  };
  const [metric, ...others] = spec.metrics;
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  if (metric?.external?.target.type !== 'AverageValue' || others.length > 0) {
    throw new Error('The HPA must have one External metric with an AverageValue.');
  }
  if (scaleUp === undefined || scaleDown === undefined) {
    throw new Error('The HPA must say how it scales up and down.');
  }
  return {
    minReplicas: spec.minReplicas,
    maxReplicas: spec.maxReplicas,
    averageValue: Number(metric.external.target.averageValue),
    scaleUp,
    scaleDown,
  };
}
