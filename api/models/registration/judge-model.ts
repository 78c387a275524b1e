import { EngineError } from '#engine/index.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { exerciseModel } from '#shared/models/exercise.ts';
import { featureProblems } from '#shared/models/feature-compatibility.ts';
import { ManifestError, type ModelManifest } from '#shared/models/manifest.ts';
import { boundModel } from '#shared/models/model-bounds.ts';
import { type ModelFiles, verifyModel } from '#shared/models/verify.ts';

/** Fewer rows prove little; training writes 256. */
const LEAST_GOLDEN_ROWS = 100;

/**
 * Takes a model only if it keeps within the bounds, is what its manifest says (checksums, features, golden rows bit for
 * bit), scores and explains rows at its leaves in reasonable time, and this release can feed it. Throws `model_invalid`
 * and `feature_mismatch`, each with every problem.
 */
export function judgeModel(files: ModelFiles): ModelManifest {
  const text = new TextDecoder().decode(files.model);
  const bounded = boundModel(text);
  if (bounded.problems.length > 0) throw invalid('The model is too much for this service.', bounded.problems);
  const { manifest, problems, rows } = read(() => verifyModel(files));
  if (problems.length > 0) throw invalid('The model is not what its manifest says.', problems);
  if (rows < LEAST_GOLDEN_ROWS) {
    throw invalid('There are too few golden rows.', [`${rows} golden rows: ${LEAST_GOLDEN_ROWS} are needed`]);
  }
  // Any other table brings its columns itself.
  const misfits = manifest.prediction === undefined ? featureProblems(manifest) : [];
  if (misfits.length > 0) {
    throw new ServiceError('feature_mismatch', 'This release cannot give the model its features.', {
      details: { problems: misfits },
    });
  }
  const faults = read(() => exerciseModel(text, bounded.trees, manifest.features.length));
  if (faults.length > 0) throw invalid('The model does not score as it should.', faults);
  return manifest;
}

function read<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ManifestError) {
      throw invalid(
        'The manifest is not valid.',
        error.issues.map(({ path, message }) => `${path}: ${message}`),
      );
    }
    if (error instanceof EngineError)
      throw invalid('The model cannot be read.', [`${error.code}: ${error.message}`]);
    throw invalid('The model, its manifest or its golden rows cannot be read.', [(error as Error).message]);
  }
}

function invalid(message: string, problems: readonly string[]): ServiceError {
  return new ServiceError('model_invalid', message, {
    details: { problems: problems.slice(0, 100).map((problem) => problem.slice(0, 500)) },
  });
}
