import type { Page } from './page.ts';
import { callsPage } from './routes/calls/calls-page.ts';
import { contactPost } from './routes/calls/contact-post.ts';
import { patientPage } from './routes/calls/patient-page.ts';
import { checkPost, newRunPage, submitPost } from './routes/runs/new-run.ts';
import { cancelPost, retryPost, runEvents, runPage, runPart } from './routes/runs/run-page.ts';
import { runsPage } from './routes/runs/runs-page.ts';
import { auditPage } from './routes/audit/audit-page.ts';
import { recordPage } from './routes/audit/record-page.ts';
import { driftPage, driftPost } from './routes/models/drift-page.ts';
import { modelPage } from './routes/models/model-page.ts';
import { activatePost, modelsPage, rollbackPost, shadowPost } from './routes/models/models-page.ts';
import { overviewPage } from './routes/overview/overview-page.ts';
import { settingsPage } from './routes/settings/settings-page.ts';
import {
  changePersonPost,
  facilitiesPost,
  invitePost,
  newKeyPost,
  revokeKeyPost,
} from './routes/settings/settings-posts.ts';
import { statusPage } from './routes/status/status-page.ts';
import { accountPage, accountPost } from './routes/login/account.ts';
import { invitationPage, invitationPost } from './routes/login/invitation.ts';
import { languagePost, loginPage, loginPost } from './routes/login/login.ts';
import { home, logoutPost } from './routes/login/logout.ts';
import { providerBegin, providerCallback } from './routes/login/provider.ts';

/** Every page, and every form that a page sends. */
export const PAGES: readonly Page[] = [
  home,
  loginPage,
  loginPost,
  languagePost,
  providerBegin,
  providerCallback,
  invitationPage,
  invitationPost,
  logoutPost,
  accountPage,
  accountPost,
  callsPage,
  patientPage,
  contactPost,
  runsPage,
  newRunPage,
  checkPost,
  submitPost,
  runPage,
  runPart,
  runEvents,
  cancelPost,
  retryPost,
  overviewPage,
  modelsPage,
  rollbackPost,
  modelPage,
  activatePost,
  shadowPost,
  driftPage,
  driftPost,
  auditPage,
  recordPage,
  statusPage,
  settingsPage,
  invitePost,
  changePersonPost,
  newKeyPost,
  revokeKeyPost,
  facilitiesPost,
];
