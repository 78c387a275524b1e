import type { ApiScope, Role } from '#shared/db/schema.ts';

/** What somebody may do. Pages, API calls and exports ask for the same ones. */
export type Permission =
  /** Call lists of their facilities, and the patients on them. */
  | 'calls'
  | 'contacts'
  | 'overview'
  /** Every job of the tenant with its results and refusals. */
  | 'runs'
  | 'submit'
  | 'models'
  /** Activate, roll back, shadow, register models. */
  | 'activate'
  | 'audit'
  | 'status'
  /** People, keys, facilities. */
  | 'settings';

export const ROLES = ['worker', 'supervisor', 'officer', 'scientist', 'auditor', 'admin'] as const;

export const ROLE_PERMISSIONS: Record<Role, ReadonlySet<Permission>> = {
  worker: new Set(['calls', 'contacts']),
  supervisor: new Set(['calls', 'contacts', 'overview']),
  officer: new Set(['runs', 'submit', 'calls', 'contacts', 'overview', 'status']),
  scientist: new Set(['models', 'activate', 'overview', 'status']),
  auditor: new Set(['audit', 'models', 'status']),
  admin: new Set([
    'overview',
    'calls',
    'contacts',
    'runs',
    'submit',
    'models',
    'activate',
    'audit',
    'status',
    'settings',
  ]),
};

/** Roles whose lists end at the facilities that they were given; the others work for the whole tenant. */
export const AREA_ROLES: ReadonlySet<Role> = new Set(['worker', 'supervisor']);

/** The scope that a machine's key needs for what a person needs this permission for. */
export const PERMISSION_SCOPES: Record<Permission, ApiScope> = {
  calls: 'read',
  contacts: 'submit',
  overview: 'read',
  runs: 'read',
  submit: 'submit',
  models: 'read',
  activate: 'admin',
  audit: 'audit',
  status: 'read',
  settings: 'admin',
};

/** What a route of a scope asks of a person, unless the route names another permission. */
export const SCOPE_PERMISSIONS: Record<ApiScope, Permission> = {
  read: 'runs',
  submit: 'submit',
  audit: 'audit',
  admin: 'activate',
};
