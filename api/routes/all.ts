import type { Route } from '#api/route.ts';
import { currentListRoute } from './current-list/route.ts';
import { createKeyRoute, listKeysRoute, revokeKeyRoute } from './keys/route.ts';
import { listContacts } from './list-contacts/route.ts';
import { listFacilities } from './list-facilities/route.ts';
import { overviewRoute } from './overview/route.ts';
import { changePersonRoute, invitePersonRoute, listPeopleRoute } from './people/route.ts';
import { postContact } from './post-contact/route.ts';
import { putFacilities } from './put-facilities/route.ts';
import { activateModel } from './activate-model/route.ts';
import { auditEvents } from './audit-events/route.ts';
import { auditRecords } from './audit-records/route.ts';
import { cancelJobRoute } from './cancel-job/route.ts';
import { docsRoute } from './docs/route.ts';
import { getJob } from './get-job/route.ts';
import { getModel } from './get-model/route.ts';
import { health, live, ready } from './health/route.ts';
import { streamJobEvents } from './job-events/route.ts';
import { jobObjects } from './job-objects/route.ts';
import { jobReceipt } from './job-receipt/route.ts';
import { jobRejections } from './job-rejections/route.ts';
import { jobResults } from './job-results/route.ts';
import { jobWorklist } from './job-worklist/route.ts';
import { notPredictedRoute } from './not-predicted/route.ts';
import { checkCohort } from './check-cohort/route.ts';
import { logCheckpoint, logConsistency } from './log/route.ts';
import { landing } from './landing/route.ts';
import { listJobs } from './list-jobs/route.ts';
import { listModels } from './list-models/route.ts';
import { metrics } from './metrics/route.ts';
import { openApiRoute } from './openapi/route.ts';
import { acknowledgeDrift, modelDrift } from './model-drift/route.ts';
import { modelEquity } from './model-equity/route.ts';
import { modelPerformance } from './model-performance/route.ts';
import { getThresholds, putThresholds } from './model-thresholds/route.ts';
import { decideTrial, getTrial, startTrial } from './model-trial/route.ts';
import { listTierOverrides, overrideTier } from './override-tier/route.ts';
import { postOutcomes } from './post-outcomes/route.ts';
import { predict } from './predict/route.ts';
import { putFeatures } from './put-features/route.ts';
import { retryJob } from './retry-job/route.ts';
import { rollbackModel } from './rollback-model/route.ts';
import { startShadow, stopShadow } from './shadow-model/route.ts';
import { shadowReport } from './shadow-report/route.ts';
import { uploadModel } from './upload-model/route.ts';
import { submitJob } from './submit-job/route.ts';
import {
  listScheduleRuns,
  listSchedulesRoute,
  pauseScheduleRoute,
  putScheduleRoute,
  removeScheduleRoute,
  resumeScheduleRoute,
} from './schedules/route.ts';
import { listWebhookDeliveries, replayWebhook, testWebhook } from './webhooks/deliveries-route.ts';
import { addWebhook, listWebhooks, removeWebhook, rotateWebhookSecret } from './webhooks/route.ts';
import { whoami } from './whoami/route.ts';

/** Every route of the service, in the order of the OpenAPI document. */
export const ROUTES: readonly Route[] = [
  submitJob,
  checkCohort,
  listJobs,
  getJob,
  streamJobEvents,
  cancelJobRoute,
  retryJob,
  jobResults,
  jobWorklist,
  jobRejections,
  jobReceipt,
  jobObjects,
  notPredictedRoute,
  predict,
  putFeatures,
  listFacilities,
  putFacilities,
  currentListRoute,
  postContact,
  listContacts,
  overrideTier,
  listTierOverrides,
  overviewRoute,
  auditRecords,
  auditEvents,
  logCheckpoint,
  logConsistency,
  listModels,
  getModel,
  activateModel,
  uploadModel,
  rollbackModel,
  startShadow,
  stopShadow,
  shadowReport,
  getTrial,
  startTrial,
  decideTrial,
  getThresholds,
  putThresholds,
  modelDrift,
  acknowledgeDrift,
  modelPerformance,
  modelEquity,
  postOutcomes,
  listPeopleRoute,
  invitePersonRoute,
  changePersonRoute,
  listKeysRoute,
  createKeyRoute,
  revokeKeyRoute,
  listSchedulesRoute,
  putScheduleRoute,
  removeScheduleRoute,
  pauseScheduleRoute,
  resumeScheduleRoute,
  listScheduleRuns,
  listWebhooks,
  addWebhook,
  removeWebhook,
  rotateWebhookSecret,
  testWebhook,
  listWebhookDeliveries,
  replayWebhook,
  whoami,
  landing,
  health,
  live,
  ready,
  metrics,
  openApiRoute(() => ROUTES),
  docsRoute(() => ROUTES),
];
