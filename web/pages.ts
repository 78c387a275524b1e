import type { Page } from './page.ts';
import { callsPage } from './routes/calls/calls-page.ts';
import { contactPost } from './routes/calls/contact-post.ts';
import { patientPage } from './routes/calls/patient-page.ts';
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
];
