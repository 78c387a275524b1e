import { EngineError } from '#engine/index.ts';
import { ServiceError } from '#shared/errors/errors.ts';
import { featureProblems } from '#shared/models/feature-compatibility.ts';
import { ManifestError, type ModelManifest } from '#shared/models/manifest.ts';
import { type ModelFiles, verifyModel } from '#shared/models/verify.ts';

/**
 * Takes a model only if it is what its manifest says (checksums, features, golden rows bit for bit) and this release can
 * feed it. Throws `model_invalid` and `feature_mismatch`, each with every problem.
 */
export function checkUpload(files: ModelFiles): ModelManifest {
  let manifest: ModelManifest;
  let problems: readonly string[];
  try {
    ({ manifest, problems } = verifyModel(files));
  } catch (error) {
    throw refusalOf(error);
  }
  if (problems.length > 0) throw invalid('The model is not what its manifest says.', problems);
  const misfits = featureProblems(manifest);
  if (misfits.length > 0) {
    throw new ServiceError('feature_mismatch', 'This release cannot give the model its features.', {
      details: { problems: misfits },
    });
  }
  return manifest;
}

function refusalOf(error: unknown): ServiceError {
  if (error instanceof ManifestError) {
    return invalid(
      'The manifest is not valid.',
      error.issues.map(({ path, message }) => `${path}: ${message}`),
    );
  }
  if (error instanceof EngineError)
    return invalid('The model cannot be read.', [`${error.code}: ${error.message}`]);
  return invalid('The model, its manifest or its golden rows cannot be read.', [(error as Error).message]);
}

function invalid(message: string, problems: readonly string[]): ServiceError {
  return new ServiceError('model_invalid', message, { details: { problems: problems.slice(0, 100) } });
}
