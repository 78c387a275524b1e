// Made by `npm run build:client` from the routes under api/; not to be edited.
export interface paths {
    "/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Jobs of the tenant, newest first */
        get: operations["get_v1_jobs"];
        put?: never;
        /**
         * Submit a cohort
         * @description The body is read as it arrives and scored while it is read; a job document names objects instead. One bad row costs only itself: see the rejections. Columns are judged before any row is taken.
         */
        post: operations["post_v1_jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What would be understood of a file; nothing is stored
         * @description Takes the same body and options as POST /v1/jobs and answers with format, encoding, delimiter, header, columns, date order, the first rows as read, and what would be refused, by code.
         */
        post: operations["post_v1_check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * State, counts and progress of a job
         * @description With `Prefer: wait=30` (at most 60) the answer waits: with `If-None-Match` until the job differs from that ETag, without it until the job is over. What has not come by then is answered as it stands.
         */
        get: operations["get_v1_jobs_id"];
        put?: never;
        post?: never;
        /**
         * Cancel a job
         * @description Rows that are scored stay scored and audited; the rest will not be. A job that is over stays as it is: 409, but cancelling a cancelled job again is 200.
         */
        delete: operations["delete_v1_jobs_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Progress of a job as server-sent events
         * @description `event: progress` whenever the job has changed and `event: done` when it is over, after which the stream ends; the data of both are the job as `GET /v1/jobs/{id}` gives it.
         */
        get: operations["get_v1_jobs_id_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try the quarantined chunks of a job again
         * @description Only they are scored anew, with the model that the job was accepted under; what is scored stays.
         */
        post: operations["post_v1_jobs_id_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Risks, tiers and reasons of a job that is over
         * @description json comes in pages, the other formats as one stream. The service audits each call. Cells of the csv that a spreadsheet would run as formulas are neutralised with an apostrophe. parquet has the columns of the csv.
         */
        get: operations["get_v1_jobs_id_results"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/worklist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whom to call: the ranked list of each facility, for people
         * @description By facility, then by risk: due date, days to due, days left to day 28, last pickup and supply, viral load, service delivery, and the reasons in words. At most 50000 rows: narrow it by facility, tier or capacity. The service audits each export.
         */
        get: operations["get_v1_jobs_id_worklist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/rejections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Refused rows by line and field
         * @description They can be read while the job is still running: what has been refused so far.
         */
        get: operations["get_v1_jobs_id_rejections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/rows/{row}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A row with the proof that it stands in the signed log
         * @description Whoever has the receipt and the verifier key checks it offline with docs/verify_receipt.py. The service audits each call. receipt_unavailable: no checkpoint covers the row yet, the patient was erased, or the row was scored before there were receipts.
         */
        get: operations["get_v1_jobs_id_rows_row_receipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Objects read and parts written */
        get: operations["get_v1_jobs_id_objects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/not-predicted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everybody in the file who got no risk, and why: the tracing and data-quality list
         * @description Who has been interrupted already, has died, was transferred out, has no due date or could not be read; rows whose scoring was given up or cancelled. Each with patient, facility and due date as far as they are known. The service audits each export.
         */
        get: operations["get_v1_jobs_id_not_predicted"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/predict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Risk, tier and reasons of a few patients, at once
         * @description One row of features or an array of them; NMRS patient messages by their content type; or `{"patient_ids": […]}` for patients whose features were put or scored by a job within the store’s time to live. The audit is committed before the answer leaves. A faulty row refuses the request; a patient message that cannot be scored is listed in `refused`.
         */
        post: operations["post_v1_predict"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Keep patients’ latest features for predictions by id
         * @description One row of features or an array of them, as for a prediction. Replaces all that was kept of a patient; kept for the store’s time to live. What a job scored need not be put: it is found by itself.
         */
        put: operations["put_v1_features"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/facilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Facilities with the state of their current list
         * @description By state, LGA and name; of a person those that are theirs.
         */
        get: operations["get_v1_facilities"];
        /**
         * Take over a register of facilities
         * @description A CSV with id, name, lga and state. Known ids get the new names, also those that a line list had named; what is not in it stays.
         */
        put: operations["put_v1_facilities"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/facilities/{facility_id}/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whom to call: a facility’s current list
         * @description The last run of the nightly name that had the facility, with what came of calls. Who was not scored follows after the scored ones. The service audits each reading.
         */
        get: operations["get_v1_facilities_facility_id_calls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who called a patient, and what came of it
         * @description The newest first; of a person those of their facilities.
         */
        get: operations["get_v1_contacts"];
        put?: never;
        /**
         * Record what came of a call
         * @description To a patient of a facility’s current list. A later list that shows a new pickup marks the contact as followed by a return; a contact alone proves no outcome.
         */
        post: operations["post_v1_contacts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/rows/{row}/tier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put a patient into another tier than the model did
         * @description With a reason, for the log: who knows the patient knows more than the model. Call lists show it; the score, the results and the log’s receipts stay as they are. A later one of the same row takes its place.
         */
        post: operations["post_v1_jobs_id_rows_row_tier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/tier-overrides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tiers of a job that a person has set against the model’s */
        get: operations["get_v1_jobs_id_tier_overrides"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tiers, calls and stale lists by state, LGA or facility
         * @description Without parameters by state, with `state` by LGA, with `lga` too by facility. Calls are those of the last 30 days. Small cells are suppressed.
         */
        get: operations["get_v1_overview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was predicted, when, for whom, by which key, with which model, on which input
         * @description The newest first. Reading the audit is itself audited.
         */
        get: operations["get_v1_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who read, exported, cancelled, activated, and who was refused
         * @description The newest first. Refusals of one kind are counted: one event when they begin, one a minute after that.
         */
        get: operations["get_v1_audit_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/log/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The newest signed checkpoint of the log
         * @description A signed note after C2SP (tlog-checkpoint): keep it, and nobody can rewrite what was audited before it without your noticing.
         */
        get: operations["get_v1_log_checkpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/log/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The proof that one size of the log begins with another
         * @description The hashes of RFC 6962, section 2.1.2, in hex: what a witness checks between two checkpoints.
         */
        get: operations["get_v1_log_consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Registered models, the newest first */
        get: operations["get_v1_models"];
        put?: never;
        /**
         * Register a model
         * @description LightGBM text model, manifest and golden rows as `npm run model:train` writes them. Read in a process of its own with limits, and taken only if it keeps within the bounds, the checksums hold, at least 100 golden rows come out bit for bit and every feature is known here. Registered, not active. The same model again answers 200.
         */
        post: operations["post_v1_models"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A model with its whole manifest
         * @description Features with units and ranges, cut-offs, metrics by split, intended use.
         */
        get: operations["get_v1_models_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Score new jobs of your tenant with this model
         * @description Jobs that were accepted before keep theirs. Rolling back is activating the one before. Activating the active model again on the same terms changes nothing. A model whose trial is open, or ended with no-go, is activated silently alone.
         */
        post: operations["post_v1_models_version_activate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Activate the model that was active before the present one
         * @description For your tenant. Jobs that were accepted keep the model that they were accepted under, running ones too. A second rollback undoes the first.
         */
        post: operations["post_v1_models_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/shadow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Score new jobs with this model too, without effect
         * @description Jobs accepted from now on are scored a second time after they were scored; the results are unchanged, the report compares both. One shadow a tenant: another one ends.
         */
        put: operations["put_v1_models_version_shadow"];
        post?: never;
        /**
         * End the shadow of this model
         * @description What it scored stays for the report. Ending a shadow that is not open changes nothing.
         */
        delete: operations["delete_v1_models_version_shadow"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/shadow-report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a shadow’s risks differ from those that counted */
        get: operations["get_v1_models_version_shadow_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a model’s silent period has shown, and what its rule says of that */
        get: operations["get_v1_models_version_trial"];
        /**
         * Begin a silent period with a go/no-go rule
         * @description The rule stands from now on. Predictions made since count: those of the model as a shadow, or as the silently active one. Until the decision the model cannot be activated but silently. One that is open cannot be begun anew.
         */
        put: operations["put_v1_models_version_trial"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/trial/decision": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide a silent period: go or no-go
         * @description Kept with the figures of this moment. After `go` the model may be activated; after `no_go` only another trial leads there.
         */
        post: operations["post_v1_models_version_trial_decision"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/thresholds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** From which risks on a patient is in a tier, now and before */
        get: operations["get_v1_models_version_thresholds"];
        /**
         * Set the thresholds of a model for your tenant
         * @description A new version; the ones before stay. Jobs that are accepted from now on, and online predictions within seconds, take their tiers from it; jobs that were accepted keep theirs.
         */
        put: operations["put_v1_models_version_thresholds"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/drift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far the patients of late differ from those that the model was made with
         * @description Each job, and each of its facilities, is held against patients like its own: of the same season and, where it is a chosen list, of the same group. An alarm stands until it is acknowledged.
         */
        get: operations["get_v1_models_version_drift"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/drift/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledge drift alarms
         * @description With a reason, for the log. An alarm that was acknowledged already is left as it is.
         */
        post: operations["post_v1_models_version_drift_acknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/performance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of the patients against what the model said
         * @description From the outcomes that were posted, of predictions whose window is over: the latest 90 days, and by the month of scoring.
         */
        get: operations["get_v1_models_version_performance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{version}/equity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whom a model served in a quarter, and whom less
         * @description A worker makes a quarter’s report once its windows are over and logs it; it never changes afterwards. Of a quarter without one the outcomes so far are shown.
         */
        get: operations["get_v1_models_version_equity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/outcomes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell what became of patients
         * @description An outcome answers every prediction of the patient whose 90 days it closes, one a day: an interruption those of the 90 days before it as interrupted and older ones as not, a patient in care those made 90 days or more before as not. An interruption once filed stays, unless `job_id` and `row` take it back.
         */
        post: operations["post_v1_outcomes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who may log in, as what, for which facilities */
        get: operations["get_v1_people"];
        put?: never;
        /**
         * Invite somebody
         * @description The answer has the path of a link that works once within three days: there the person chooses a password and a second factor. With a provider (`OIDC_ISSUER`) they may log in there at once.
         */
        post: operations["post_v1_people"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/people/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change somebody’s role or facilities, or shut them out
         * @description Ends every session of theirs. Nobody changes themselves.
         */
        put: operations["put_v1_people_id"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys of machines */
        get: operations["get_v1_keys"];
        put?: never;
        /**
         * Make a key for a machine
         * @description The key is in this answer and nowhere else. A machine’s key makes none with scopes that it lacks.
         */
        post: operations["post_v1_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a key
         * @description Running services refuse it within five seconds.
         */
        delete: operations["delete_v1_keys_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Schedules */
        get: operations["get_v1_schedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Make a schedule, or replace it
         * @description Its jobs are submitted by this key while it is good.
         */
        put: operations["put_v1_schedules_name"];
        post?: never;
        /** Remove a schedule */
        delete: operations["delete_v1_schedules_name"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin no runs */
        post: operations["post_v1_schedules_name_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin runs again */
        post: operations["post_v1_schedules_name_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{name}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs of a schedule */
        get: operations["get_v1_schedules_name_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Addresses that are told */
        get: operations["get_v1_webhooks"];
        put?: never;
        /**
         * Have an address told
         * @description Signed by Standard Webhooks, tried again for three days. The secret is in this answer alone.
         */
        post: operations["post_v1_webhooks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a webhook */
        delete: operations["delete_v1_webhooks_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace a webhook’s secret
         * @description Both sign for 24 hours.
         */
        post: operations["post_v1_webhooks_id_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send an event of the type webhook.test */
        post: operations["post_v1_webhooks_id_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deliveries of a webhook */
        get: operations["get_v1_webhooks_id_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send again what was given up, or one event, or all since a time */
        post: operations["post_v1_webhooks_id_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whose key or session this is, and what it may */
        get: operations["get_v1_whoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What answers here */
        get: operations["get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * State of the service
         * @description Without PostgreSQL, its schema, this month’s partitions or an active model: 503 `unavailable`. Without the queue: 200 `degraded`, as chunks are kept in PostgreSQL and rung for later. While stopping: 503. Strangers learn the status alone; with a key or METRICS_TOKEN each dependency is named.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Liveness: depends on nothing */
        get: operations["get_health_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readiness: each dependency by name
         * @description Without PostgreSQL, its schema, this month’s partitions or an active model: 503 `unavailable`. Without the queue: 200 `degraded`, as chunks are kept in PostgreSQL and rung for later. While stopping: 503. Strangers learn the status alone; with a key or METRICS_TOKEN each dependency is named.
         */
        get: operations["get_health_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prometheus metrics of this process
         * @description With METRICS_TOKEN set, only for those who send it as `Authorization: Bearer`; with METRICS_PORT set, on that port alone.
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["get_openapi_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description as a page */
        get: operations["get_docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 9457 problem details; `code` is stable */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @enum {string} */
            code: "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "invalid_query" | "invalid_body" | "invalid_value" | "rate_limited" | "results_expired" | "receipt_unavailable" | "invalid_cursor" | "unsupported_media_type" | "unsupported_encoding" | "empty_body" | "empty_cohort" | "invalid_encoding" | "truncated_body" | "body_too_large" | "compression_ratio_exceeded" | "row_too_large" | "workbook_too_large" | "too_many_columns" | "unterminated_quote" | "unknown_columns" | "missing_columns" | "missing_header" | "duplicate_columns" | "stale_list" | "format_not_validated" | "malformed_json" | "idempotency_conflict" | "upload_too_slow" | "upload_aborted" | "too_many_uploads" | "overloaded" | "job_not_finished" | "job_finished" | "job_cancelled" | "job_aborted" | "job_failed" | "nothing_to_retry" | "model_not_found" | "model_invalid" | "model_conflict" | "feature_mismatch" | "features_unavailable" | "person_conflict" | "key_conflict" | "webhook_conflict" | "source_unavailable" | "source_changed" | "login_failed" | "too_many_attempts" | "lease_lost" | "payload_corrupt" | "database_unavailable" | "queue_unavailable" | "scoring_failed" | "internal";
            request_id: string;
            line?: number;
            field?: string;
        } & {
            [key: string]: unknown;
        };
        JobDocument: {
            input: {
                /** @description s3://bucket/folder/*.parquet; * stands for letters of a name */
                uri: string;
                /**
                 * @description As in the query of an upload: source, as_of, ignore_unknown, …
                 * @default {}
                 */
                options: {
                    [key: string]: string;
                };
            };
            output?: {
                /** @description An empty folder: s3://bucket/folder/ */
                uri: string;
                /**
                 * @default parquet
                 * @enum {string}
                 */
                format: "parquet" | "csv" | "ndjson";
            };
        };
        Job: {
            /** Format: uuid */
            id: string;
            name: string;
            status: components["schemas"]["JobStatus"];
            /** @enum {string} */
            priority: "low" | "normal" | "high";
            /** @description Reasons kept for each row */
            explain: number;
            /** @description Name of the key */
            submitted_by: string;
            model: {
                version: string;
                sha256: string;
            };
            /** @description received = accepted + rejected + joined (rows of a line list that tell of the same patient are joined); once terminal, accepted = scored + quarantined + cancelled */
            rows: {
                received: number;
                accepted: number;
                rejected: number;
                joined: number;
                scored: number;
                quarantined: number;
                cancelled: number;
            };
            chunks: {
                total: number;
                open: number;
                done: number;
                quarantined: number;
                cancelled: number;
            };
            /** @description Share of the rows accepted so far that are settled */
            progress: number;
            /** @description null while it cannot be told, and once the job is terminal */
            eta_seconds: number | null;
            tiers: {
                low: number;
                medium: number;
                high: number;
            };
            warnings: {
                /** @description Rows whose patient_id occurred before in this job; each is scored */
                duplicate_patients: number;
                ignored_columns: string[];
                /** @description Features of the model that the input had no column for */
                absent_features: string[];
                /** @description Oddities of the input that cost nobody a row */
                by_code: {
                    [key: string]: number;
                };
            };
            rejections_by_code: {
                [key: string]: number;
            };
            /** @description What was understood of the upload */
            input: components["schemas"]["JobInput"] | null;
            error: {
                code: string;
                message: string;
            } | null;
            /** Format: date-time */
            created_at: string;
            started_at: string | null;
            /** @description When the upload had ended */
            received_at: string | null;
            finished_at: string | null;
            links: {
                self: string;
                events: string;
                results: string;
                rejections: string;
            };
        };
        /**
         * @description receiving: the upload goes on (scoring has begun already) · queued · running · completed: every accepted row is scored · partial: some rows were quarantined · failed · cancelled · aborted: the upload did not end well
         * @enum {string}
         */
        JobStatus: "receiving" | "queued" | "running" | "completed" | "partial" | "failed" | "cancelled" | "aborted";
        JobInput: {
            /** @description table, line_list, nmrs or fhir; as csv, workbook, ndjson or json: `line_list/csv` */
            format: string;
            /** @description utf-8, utf-16le, utf-16be or windows-1252 */
            encoding: string;
            /** @enum {string} */
            compression: "identity" | "gzip" | "zstd";
            delimiter: string | null;
            line_ends: ("lf" | "crlf" | "cr") | null;
            header_line: number | null;
            sheets: {
                name: string;
                read: boolean;
                reason: string | null;
            }[];
            columns: {
                name: string;
                read_as: string | null;
                detail: string | null;
            }[];
            ignored_columns: string[];
            date_order: ("dmy" | "mdy" | "ymd" | "unknown") | null;
            decimal: ("point" | "comma") | null;
            as_of: string | null;
            warnings: {
                [key: string]: number;
            };
            /** @description Sentences for people */
            notes: string[];
        };
        Check: {
            input: components["schemas"]["JobInput"];
            rows: {
                read: number;
                accepted: number;
                rejected: number;
                joined: number;
                /** @description Whether the file ends within these rows */
                whole_file: boolean;
            };
            /** @description Rejections by code */
            codes: {
                [key: string]: number;
            };
            /** @description The first rows as read */
            sample: {
                [key: string]: unknown;
            }[];
            /** @description The first refused rows */
            rejections: {
                [key: string]: unknown;
            }[];
            absent_features: string[];
        };
        JobPage: {
            jobs: components["schemas"]["Job"][];
            next_cursor: string | null;
        };
        ResultPage: {
            /** Format: uuid */
            job_id: string;
            model: {
                version: string;
                sha256: string;
            };
            notice: string;
            rows: components["schemas"]["Result"][];
            next_cursor: string | null;
        };
        Result: {
            /** @description Record number in the upload, refused records counted */
            row: number;
            patient_id: string;
            facility_id: string | null;
            due_date: string | null;
            /** @description Probability of interruption within the window of the model; of another kind of model what `prediction` has */
            risk: number;
            /**
             * @description low where the model has no tiers
             * @enum {string}
             */
            tier: "low" | "medium" | "high";
            /** @description Of a model of another table than patients’ */
            prediction?: {
                /** @enum {string} */
                kind: "probability" | "value" | "class" | "rank";
                /** @description Of a class its probability */
                value: number;
                /** @description The likeliest */
                class: string | null;
                probabilities: {
                    [key: string]: number;
                } | null;
            };
            /** @description The weightiest first; as many as the job was submitted with in `explain` */
            reasons: {
                feature: string;
                /** @description null: missing */
                value: number | null;
                /** @description Log-odds (TreeSHAP); above 0 raises the risk */
                contribution: number;
                text: string;
            }[];
            /** @description What the cohort held beside the id; only where it had such columns */
            identifiers?: {
                [key: string]: string;
            };
        };
        RejectionPage: {
            /** Format: uuid */
            job_id: string;
            rejections: components["schemas"]["Rejection"][];
            next_cursor: string | null;
        };
        Rejection: {
            /** @description Record number in the upload */
            row: number;
            /** @description Line of the file, or row of the sheet */
            line: number;
            /** @description Of a workbook */
            sheet: string | null;
            field: string | null;
            code: string;
            message: string;
            /** @description Who it is, as far as the record could be read */
            patient_id: string | null;
            facility_id: string | null;
            due_date: string | null;
        };
        Receipt: {
            /** @constant */
            type: "iit-receipt/1";
            row: {
                number: number;
                patient_id: string;
                facility_id: string | null;
                due_date: string | null;
                raw_score: number;
                risk: number;
                risk_is_logistic: boolean;
                /** @description 0 low, 1 medium, 2 high */
                tier: number;
                reasons: {
                    feature: number;
                    contribution: number;
                    value: number | null;
                }[];
                identifiers: {
                    [key: string]: string;
                };
                salt: string;
                place: number;
                path: string[];
            };
            chunk: {
                /** Format: uuid */
                job_id: string;
                number: number;
                tenant: number;
                /** Format: date */
                period: string;
                first_row: number;
                last_row: number;
                rows: number;
                recorded_at_micros: string;
                /** Format: uuid */
                api_key_id: string;
                actor: string;
                model_version: string;
                model_sha256: string;
                input_root: string;
            };
            log: {
                entry: number;
                path: string[];
                /** @description A signed note (C2SP tlog-checkpoint) */
                checkpoint: string;
            };
        };
        JobObjects: {
            input: {
                uri: string;
                /** @enum {string} */
                state: "reading" | "read" | "failed";
                objects: {
                    key: string;
                    etag: string;
                    bytes: number;
                    /** @description null until the object was read */
                    rows: number | null;
                }[];
            };
            output: {
                uri: string;
                /** @enum {string} */
                format: "parquet" | "csv" | "ndjson";
                /** @enum {string} */
                state: "waiting" | "written" | "failed";
                error: string | null;
                parts: {
                    key: string;
                    rows: number;
                    bytes: number;
                    sha256: string;
                }[];
            } | null;
        };
        Predictions: {
            /** @description With a row number, the key of the audit record; null when nobody was scored */
            run_id: string | null;
            model: {
                version: string;
                sha256: string;
            };
            notice: string;
            predictions: {
                /** @description Row of the run in the audit */
                row: number;
                patient_id: string;
                facility_id: string | null;
                /** @description Probability of interruption within the window of the model; of another kind of model what `prediction` has */
                risk: number;
                /**
                 * @description low where the model has no tiers
                 * @enum {string}
                 */
                tier: "low" | "medium" | "high";
                /** @description Of a model of another table than patients’ */
                prediction?: {
                    /** @enum {string} */
                    kind: "probability" | "value" | "class" | "rank";
                    /** @description Of a class its probability */
                    value: number;
                    /** @description The likeliest */
                    class: string | null;
                    probabilities: {
                        [key: string]: number;
                    } | null;
                };
                /** @description The weightiest first; as many as the job was submitted with in `explain` */
                reasons: {
                    feature: string;
                    /** @description null: missing */
                    value: number | null;
                    /** @description Log-odds (TreeSHAP); above 0 raises the risk */
                    contribution: number;
                    text: string;
                }[];
                /** @description What the cohort held beside the id; only where it had such columns */
                identifiers?: {
                    [key: string]: string;
                };
                /** @description The day that the features describe, where it is known */
                as_of: string | null;
            }[];
            /** @description Patient ids without stored features */
            not_found: string[];
            /** @description Patient messages that cannot be scored, by their place in the request */
            refused: {
                record: number;
                field: string;
                code: string;
                message: string;
            }[];
        };
        StoredFeatures: {
            stored: number;
        };
        FacilityList: {
            facilities: components["schemas"]["Facility"][];
        };
        Facility: {
            id: string;
            name: string;
            lga: string;
            state: string;
            /** @description null: no current list yet */
            list_finished_at: string | null;
            patients: number;
            tiers: {
                low: number;
                medium: number;
                high: number;
            };
        };
        FacilitiesPut: {
            facilities: number;
        };
        CallList: {
            facility_id: string;
            /** Format: uuid */
            job_id: string;
            model: string;
            /** Format: date-time */
            finished_at: string;
            /** @description The model was not tried on such an input: its risks may be far off */
            format_not_validated: boolean;
            counts: {
                due: number;
                missed: number;
                interrupted: number;
                unknown: number;
            };
            total: number;
            patients: {
                patient_id: string;
                risk: number;
                /** @enum {string} */
                tier: "low" | "medium" | "high";
                /** @description Where a person has set the tier against the model’s */
                tier_override: {
                    /** @enum {string} */
                    scored_tier: "low" | "medium" | "high";
                    reason: string;
                    recorded_by: string;
                } | null;
                due_date: string | null;
                days_to_due: number | null;
                days_left_to_day_28: number | null;
                last_pickup: string | null;
                age: number | null;
                sex: string | null;
                hospital_number: string | null;
                case_manager: string | null;
                /** @description At most three, for people; facts stand beside them */
                reasons: string[];
                next_step: string;
                contact: {
                    /** @enum {string} */
                    result: "will_come" | "has_medicine" | "no_answer" | "wrong_number" | "transferred" | "died" | "other";
                    /** Format: date */
                    contacted_on: string;
                    recorded_by: string;
                } | null;
            }[];
            not_scored: {
                patient_id: string;
                due_date: string | null;
                code: string;
                reason: string;
                contact: {
                    /** @enum {string} */
                    result: "will_come" | "has_medicine" | "no_answer" | "wrong_number" | "transferred" | "died" | "other";
                    /** Format: date */
                    contacted_on: string;
                    recorded_by: string;
                } | null;
            }[];
            /** @description `after` of the next page; null on the last */
            next_after: number | null;
        };
        NewContact: {
            facility_id: string;
            patient_id: string;
            /** @enum {string} */
            result: "will_come" | "has_medicine" | "no_answer" | "wrong_number" | "transferred" | "died" | "other";
            /**
             * @description With will_come, if a day was named
             * @default null
             */
            coming_on: string | null;
        };
        ContactMade: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            recorded_at: string;
        };
        ContactList: {
            contacts: components["schemas"]["Contact"][];
        };
        Contact: {
            /** Format: uuid */
            id: string;
            facility_id: string;
            patient_id: string;
            /** Format: date */
            contacted_on: string;
            /** @enum {string} */
            result: "will_come" | "has_medicine" | "no_answer" | "wrong_number" | "transferred" | "died" | "other";
            coming_on: string | null;
            /** Format: date-time */
            recorded_at: string;
            recorded_by: string;
            /** @description When a later list showed a new pickup */
            returned_on: string | null;
        };
        NewTierOverride: {
            /** @enum {string} */
            tier: "low" | "medium" | "high";
            reason: string;
        };
        TierOverride: {
            row: number;
            patient_id: string;
            /**
             * @description What the model’s risk gave; it stays in the results
             * @enum {string}
             */
            scored_tier: "low" | "medium" | "high";
            /** @enum {string} */
            tier: "low" | "medium" | "high";
            reason: string;
            /** Format: date-time */
            recorded_at: string;
            recorded_by: string;
        };
        TierOverrides: {
            overrides: components["schemas"]["TierOverride"][];
        };
        Overview: {
            /** @enum {string} */
            level: "state" | "lga" | "facility";
            rows: components["schemas"]["OverviewRow"][];
        };
        OverviewRow: {
            key: string;
            name: string;
            facilities: number;
            stale: number;
            missing: number;
            patients: number;
            tiers: {
                /** @description null: fewer than 5, but not none */
                low: number | null;
                /** @description null: fewer than 5, but not none */
                medium: number | null;
                /** @description null: fewer than 5, but not none */
                high: number | null;
            };
            /** @description null: fewer than 5, but not none */
            contacted: number | null;
            /** @description null: fewer than 5, but not none */
            reached: number | null;
            /** @description null: fewer than 5, but not none */
            returned: number | null;
            list_finished_at: string | null;
        };
        AuditPage: {
            records: components["schemas"]["AuditRecord"][];
            next_cursor: string | null;
        };
        AuditRecord: {
            /** Format: uuid */
            job_id: string;
            row: number;
            chunk: number;
            /** Format: date-time */
            recorded_at: string;
            /** @enum {string} */
            source: "job" | "online";
            /** @description Name of the key that asked for the score */
            actor: string;
            /** Format: uuid */
            key_id: string;
            /** @description null where the patient was erased */
            patient_id: string | null;
            model: {
                version: string;
                sha256: string;
            };
            raw_score: number;
            risk: number;
            /** @enum {string} */
            tier: "low" | "medium" | "high";
            /** @description SHA-256 of the input that was scored, hex; of a job’s row only with include=input, and null once retention has removed the input */
            input_hash: string | null;
            /** @description With include=input: each feature as it was scored, null where missing; null once retention has removed it */
            input?: {
                [key: string]: number | null;
            } | null;
        };
        AuditEventPage: {
            events: components["schemas"]["AuditEvent"][];
            next_cursor: string | null;
        };
        AuditEvent: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            recorded_at: string;
            actor: string;
            key_id: string | null;
            network_address: string | null;
            action: string;
            /** @enum {string} */
            outcome: "success" | "refused" | "failure";
            entity: string | null;
            details: {
                [key: string]: unknown;
            };
        };
        ConsistencyProof: {
            proof: string[];
        };
        ModelList: {
            models: components["schemas"]["Model"][];
        };
        Model: {
            version: string;
            sha256: string;
            name: string | null;
            /** @description Trained on simulated data */
            synthetic: boolean | null;
            features: number;
            tiers: {
                medium: number;
                high: number;
            } | null;
            /** @description New jobs of your tenant are scored with it */
            active: boolean;
            activated_at: string | null;
            activated_by: string | null;
            /** @description Who answers for its use */
            approver: string | null;
            /** @description From then on it should be looked at anew */
            expires_on: string | null;
            /** @description Scores and is on no call list; null: not active */
            silent: boolean | null;
            /** Format: date-time */
            created_at: string;
            created_by: string;
        };
        ModelWithManifest: {
            version: string;
            sha256: string;
            name: string | null;
            /** @description Trained on simulated data */
            synthetic: boolean | null;
            features: number;
            tiers: {
                medium: number;
                high: number;
            } | null;
            /** @description New jobs of your tenant are scored with it */
            active: boolean;
            activated_at: string | null;
            activated_by: string | null;
            /** @description Who answers for its use */
            approver: string | null;
            /** @description From then on it should be looked at anew */
            expires_on: string | null;
            /** @description Scores and is on no call list; null: not active */
            silent: boolean | null;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            manifest: {
                [key: string]: unknown;
            };
        };
        Shadow: {
            version: string;
            shadowing: boolean;
        };
        ShadowReport: {
            version: string;
            /** Format: date-time */
            started_at: string;
            stopped_at: string | null;
            jobs: number;
            chunks: {
                scored: number;
                failed: number;
            };
            rows: number;
            mean_risk: {
                champion: number | null;
                challenger: number | null;
                shift: number | null;
            };
            mean_absolute_difference: number | null;
            /** @description Spearman; null where it is not defined */
            rank_correlation: number | null;
            /** @description Rows by the tier of the champion, then of the challenger */
            tier_moves: {
                low: {
                    low: number;
                    medium: number;
                    high: number;
                };
                medium: {
                    low: number;
                    medium: number;
                    high: number;
                };
                high: {
                    low: number;
                    medium: number;
                    high: number;
                };
            };
        };
        ModelTrial: {
            version: string;
            rule: components["schemas"]["TrialRule"];
            reason: string;
            /** Format: date-time */
            started_at: string;
            started_by: string;
            /** Format: date */
            ends_on: string;
            /**
             * @description What the rule says of the figures as they are now
             * @enum {string}
             */
            verdict: "go" | "no_go" | "too_early";
            criteria: {
                name: string;
                required: number;
                found: number | null;
                /** @enum {string} */
                verdict: "go" | "no_go" | "too_early";
            }[];
            figures: {
                patients: number;
                interruptions: number;
                auc: number | null;
                auc_interval: number[] | null;
                observed_expected: number | null;
                observed_expected_interval: number[] | null;
                high_share: number | null;
                sensitivity_gap: number | null;
                sensitivity_gap_of: string | null;
            };
            decision: ("go" | "no_go") | null;
            decided_at: string | null;
            decided_by: string | null;
            approver: string | null;
            decision_reason: string | null;
        };
        TrialRule: {
            /** @default 500 */
            minimum_patients: number;
            /** @default 30 */
            minimum_interruptions: number;
            /**
             * @description The lower end of its 95 % interval must reach it less 0.05
             * @default 0.65
             */
            minimum_auc: number;
            /** @default 0.8 */
            observed_expected_from: number;
            /** @default 1.25 */
            observed_expected_to: number;
            /**
             * @description What there are hands to call
             * @default 0.15
             */
            maximum_high_share: number;
            /**
             * @description Between all interrupted and those of any sex or age group with 20 or more of them
             * @default 0.2
             */
            maximum_sensitivity_gap: number;
        };
        NewModelTrial: {
            reason: string;
            /** Format: date */
            ends_on: string;
            /**
             * @default {
             *       "minimum_patients": 500,
             *       "minimum_interruptions": 30,
             *       "minimum_auc": 0.65,
             *       "observed_expected_from": 0.8,
             *       "observed_expected_to": 1.25,
             *       "maximum_high_share": 0.15,
             *       "maximum_sensitivity_gap": 0.2
             *     }
             */
            rule: components["schemas"]["TrialRule"];
        };
        TrialDecision: {
            /** @enum {string} */
            decision: "go" | "no_go";
            reason: string;
            /** @description Who answers for it */
            approver: string;
            /**
             * @description Needed for a `go` where the rule says otherwise, and kept with it
             * @default false
             */
            against_rule: boolean;
        };
        ModelThresholds: {
            version: string;
            current: {
                /** @description 0: those of the model’s manifest */
                thresholds_version: number;
                tiers: {
                    medium: number;
                    high: number;
                    facility_overrides?: {
                        [key: string]: {
                            medium: number;
                            high: number;
                        };
                    };
                };
                reason: string | null;
                approver: string | null;
                review_on: string | null;
                /** Format: date-time */
                created_at: string;
                created_by: string;
            };
            review_is_due: boolean;
            /** @description The latest first */
            history: {
                /** @description 0: those of the model’s manifest */
                thresholds_version: number;
                tiers: {
                    medium: number;
                    high: number;
                    facility_overrides?: {
                        [key: string]: {
                            medium: number;
                            high: number;
                        };
                    };
                };
                reason: string | null;
                approver: string | null;
                review_on: string | null;
                /** Format: date-time */
                created_at: string;
                created_by: string;
            }[];
        };
        NewThresholds: {
            tiers: {
                medium: number;
                high: number;
                facility_overrides?: {
                    [key: string]: {
                        medium: number;
                        high: number;
                    };
                };
            };
            reason: string;
            approver: string;
            /**
             * Format: date
             * @description By when they are to be looked at anew
             */
            review_on: string;
        };
        ModelDrift: {
            version: string;
            /** @description An alarm stands that nobody has acknowledged */
            detected: boolean;
            thresholds: {
                feature_psi: number;
                score_psi: number;
                deviations: number;
                minimum_rows: number;
            };
            /** @description Jobs of the window together; chosen lists, and jobs whose source did not know all features, are left out */
            window: {
                /** @description Rows; of the window, patients */
                rows: number;
                /** @description Bins to which a chosen list is confined, by feature; such a list is held against such patients */
                population: {
                    [key: string]: number[];
                };
                /** @description Population stability index of the risk, sampling noise taken off */
                score: number;
                features: {
                    [key: string]: number;
                };
                findings: {
                    [key: string]: {
                        /** @description Population stability index, sampling noise taken off */
                        psi: number;
                        /** @description Standard deviations by which the bin that moved most is off */
                        deviations: number;
                        bin: number;
                        expected_share: number;
                        observed_share: number;
                    };
                };
                drifted: string[];
                /** @description Performance as the risks themselves let expect, before outcomes are known */
                estimated: {
                    expected_rate: number;
                    auc: number | null;
                    reference_auc: number | null;
                } | null;
                days: number;
            } | null;
            jobs: {
                /** @description Rows; of the window, patients */
                rows: number;
                /** @description Bins to which a chosen list is confined, by feature; such a list is held against such patients */
                population: {
                    [key: string]: number[];
                };
                /** @description Population stability index of the risk, sampling noise taken off */
                score: number;
                features: {
                    [key: string]: number;
                };
                findings: {
                    [key: string]: {
                        /** @description Population stability index, sampling noise taken off */
                        psi: number;
                        /** @description Standard deviations by which the bin that moved most is off */
                        deviations: number;
                        bin: number;
                        expected_share: number;
                        observed_share: number;
                    };
                };
                drifted: string[];
                /** @description Performance as the risks themselves let expect, before outcomes are known */
                estimated: {
                    expected_rate: number;
                    auc: number | null;
                    reference_auc: number | null;
                } | null;
                /** Format: uuid */
                job_id: string;
                /** Format: date-time */
                finished_at: string;
            }[];
            /** @description Those that stand first */
            alarms: {
                id: number;
                /** @description null: a job as a whole */
                facility_id: string | null;
                /** @description A feature, or `score` */
                subject: string;
                /** @description Bins to which a chosen list is confined, by feature; such a list is held against such patients */
                population: {
                    [key: string]: number[];
                };
                finding: {
                    /** @description Population stability index, sampling noise taken off */
                    psi: number;
                    /** @description Standard deviations by which the bin that moved most is off */
                    deviations: number;
                    bin: number;
                    expected_share: number;
                    observed_share: number;
                };
                rows: number;
                /** Format: uuid */
                first_job_id: string;
                /** Format: uuid */
                last_job_id: string;
                jobs: number;
                /** Format: date-time */
                raised_at: string;
                /** Format: date-time */
                seen_at: string;
                acknowledged_at: string | null;
                acknowledged_by: string | null;
                reason: string | null;
                expected: boolean | null;
            }[];
        };
        DriftAcknowledgement: {
            /** @description Ids; without them every alarm of the model that stands */
            alarms?: number[];
            reason: string;
            /** @description true: this is how things are now, and the like of it raises no new alarm · false: it was a fault, and is mended */
            expected: boolean;
        };
        DriftAcknowledged: {
            acknowledged: number[];
        };
        ModelPerformance: {
            version: string;
            /** @description The latest 90 days whose windows are over; null while none is */
            rolling: {
                /** Format: date */
                from: string;
                /** Format: date */
                to: string;
                n: number;
                patients: number;
                interrupted: number;
                /** @description Sum of the risks */
                expected: number;
                observed_expected: number;
                /** @description 95 %; patients vary, not their predictions */
                observed_expected_interval: number[];
                auc: number | null;
                auc_interval: number[] | null;
            } | null;
            /** @description Logistic recalibration over the same 90 days; 0 and 1 are perfect */
            slope: {
                intercept: number;
                slope: number;
                slope_interval: number[];
            } | null;
            /** @description Of calling the riskiest share of each day’s patients, over the same 90 days */
            capacity: {
                share: number;
                n: number;
                positive_predictive_value: number;
                interval: number[];
                caught: number | null;
            }[];
            /** @description The same 90 days by group: all, those who could be interrupted, sex, age, time on ART, facility; groups of fewer than 30 patients or 5 expected interruptions are left out */
            groups: {
                /** Format: date */
                from: string;
                /** Format: date */
                to: string;
                n: number;
                patients: number;
                interrupted: number;
                /** @description Sum of the risks */
                expected: number;
                observed_expected: number;
                /** @description 95 %; patients vary, not their predictions */
                observed_expected_interval: number[];
                auc: number | null;
                auc_interval: number[] | null;
                /** @enum {string} */
                dimension: "all" | "at_risk" | "sex" | "age" | "time_on_art" | "facility";
                group: string;
                /** @description Observed over expected is further from 1 than a quarter, and than chance explains */
                alarm: boolean;
            }[];
            /** @description Those groups whose risks are no longer right */
            alarms: {
                /** Format: date */
                from: string;
                /** Format: date */
                to: string;
                n: number;
                patients: number;
                interrupted: number;
                /** @description Sum of the risks */
                expected: number;
                observed_expected: number;
                /** @description 95 %; patients vary, not their predictions */
                observed_expected_interval: number[];
                auc: number | null;
                auc_interval: number[] | null;
                /** @enum {string} */
                dimension: "all" | "at_risk" | "sex" | "age" | "time_on_art" | "facility";
                group: string;
                /** @description Observed over expected is further from 1 than a quarter, and than chance explains */
                alarm: boolean;
            }[];
            n: number;
            interrupted: number;
            /** @description null where one kind of outcome is lacking */
            auc: number | null;
            brier: number | null;
            /** @description Tenths by predicted risk, ascending */
            calibration: {
                n: number;
                mean_predicted: number;
                observed: number;
            }[];
            months: {
                month: string;
                n: number;
                interrupted: number;
                /** @description null where one kind of outcome is lacking */
                auc: number | null;
                brier: number | null;
                mean_predicted: number;
                observed_rate: number;
            }[];
        };
        EquityReport: {
            version: string;
            quarter: string;
            /** Format: date */
            from: string;
            /** Format: date */
            to: string;
            /** @description null: the quarter’s report is not made yet; these are the outcomes so far */
            made_at: string | null;
            predictions: number;
            groups: {
                /** @enum {string} */
                dimension: "all" | "sex" | "age" | "time_on_art" | "facility_size";
                group: string;
                /** @description null in every figure of a group that is too small */
                patients: number | null;
                interrupted: number | null;
                high_share: number | null;
                sensitivity: number | null;
                sensitivity_interval: number[] | null;
                positive_predictive_value: number | null;
                observed_expected: number | null;
                /** @description Less of its interrupted are in the high tier than of all, by more than chance */
                underserved: boolean;
            }[];
            /** @description Those of which a report was made, the latest first */
            quarters: string[];
        };
        Outcome: {
            patient_id?: string;
            /**
             * Format: uuid
             * @description With `row`: the very prediction
             */
            job_id?: string;
            row?: number;
            /** @enum {string} */
            outcome: "interrupted" | "in_care";
            /**
             * Format: date
             * @description interrupted: the 28th day past due · in_care: until when the patient is known to be in care
             */
            date: string;
        };
        FiledOutcomes: {
            matched: number;
            unmatched: {
                index: number;
                /** @enum {string} */
                code: "no_prediction" | "window_open";
            }[];
        };
        PersonList: {
            people: components["schemas"]["Person"][];
        };
        Person: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string;
            /** @enum {string} */
            role: "worker" | "supervisor" | "officer" | "scientist" | "auditor" | "admin";
            /** @enum {string} */
            language: "en" | "fr" | "ha";
            /** @description all, state:…, lga:STATE/LGA, facility:ID */
            areas: string[];
            last_login_at: string | null;
            disabled_at: string | null;
        };
        NewPerson: {
            /** Format: email */
            email: string;
            name: string;
            /** @enum {string} */
            role: "worker" | "supervisor" | "officer" | "scientist" | "auditor" | "admin";
            /**
             * @default en
             * @enum {string}
             */
            language: "en" | "fr" | "ha";
            /** @default [] */
            areas: string[];
        };
        Invitation: {
            /** Format: uuid */
            id: string;
            link: string;
        };
        PersonChange: {
            /** @enum {string} */
            role?: "worker" | "supervisor" | "officer" | "scientist" | "auditor" | "admin";
            areas?: string[];
            disabled?: boolean;
        };
        ApiKeyList: {
            keys: components["schemas"]["ApiKey"][];
        };
        ApiKey: {
            name: string;
            /** @description Tells which one it is, opens nothing */
            prefix: string;
            scopes: ("submit" | "read" | "audit" | "admin")[];
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            revoked_at: string | null;
        };
        NewApiKey: {
            name: string;
            scopes: ("submit" | "read" | "audit" | "admin")[];
            /** Format: date-time */
            expires_at?: string;
        };
        ApiKeyMade: {
            /** Format: uuid */
            id: string;
            key: string;
        };
        ApiKeyRevoked: {
            name: string;
            /** @constant */
            revoked: true;
        };
        ScheduleList: {
            schedules: components["schemas"]["Schedule"][];
        };
        Schedule: {
            /** @description Five fields: minute, hour, day, month, weekday */
            cron: string;
            /** @description IANA; a time that the clocks skip is met when they have, one that comes twice the first time */
            time_zone: string;
            /** @description As of POST /v1/jobs; {date} stands for the day of the run, {date-1} for the one before */
            job: components["schemas"]["JobDocument"];
            /** @default nightly */
            job_name: string;
            model?: string;
            /** @default 3 */
            explain: number;
            /**
             * @default normal
             * @enum {string}
             */
            priority: "low" | "normal" | "high";
            /**
             * @description Where the job of the run before is not over: leave this one out, wait for it until the deadline, or begin beside it
             * @default wait
             * @enum {string}
             */
            overlap: "skip" | "wait" | "allow";
            /**
             * @description What is done of what fell due while the service was away: nothing, or the newest
             * @default latest
             * @enum {string}
             */
            catch_up: "none" | "latest";
            /**
             * @description So long are objects waited for that are not there; then the run was missed
             * @default 60
             */
            deadline_minutes: number;
            name: string;
            created_by: string;
            /** @description null while it is paused */
            next_at: string | null;
            paused_at: string | null;
        };
        NewSchedule: {
            /** @description Five fields: minute, hour, day, month, weekday */
            cron: string;
            /** @description IANA; a time that the clocks skip is met when they have, one that comes twice the first time */
            time_zone: string;
            /** @description As of POST /v1/jobs; {date} stands for the day of the run, {date-1} for the one before */
            job: components["schemas"]["JobDocument"];
            /** @default nightly */
            job_name: string;
            model?: string;
            /** @default 3 */
            explain: number;
            /**
             * @default normal
             * @enum {string}
             */
            priority: "low" | "normal" | "high";
            /**
             * @description Where the job of the run before is not over: leave this one out, wait for it until the deadline, or begin beside it
             * @default wait
             * @enum {string}
             */
            overlap: "skip" | "wait" | "allow";
            /**
             * @description What is done of what fell due while the service was away: nothing, or the newest
             * @default latest
             * @enum {string}
             */
            catch_up: "none" | "latest";
            /**
             * @description So long are objects waited for that are not there; then the run was missed
             * @default 60
             */
            deadline_minutes: number;
        };
        ScheduleRemoved: {
            name: string;
            /** @constant */
            removed: true;
        };
        ScheduleRunList: {
            runs: components["schemas"]["ScheduleRun"][];
        };
        ScheduleRun: {
            /** Format: date-time */
            due_at: string;
            /** @enum {string} */
            state: "starting" | "started" | "skipped" | "missed" | "failed";
            job_id: string | null;
            attempts: number;
            error: string | null;
        };
        WebhookList: {
            webhooks: components["schemas"]["Webhook"][];
        };
        Webhook: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            events: string[];
            /** @enum {string} */
            form: "standard" | "cloudevents";
            /** @description Deliveries that wait, for their time or their next attempt */
            pending: number;
            /** @description Deliveries that were given up and can be replayed */
            dead: number;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            disabled_at: string | null;
            disabled_reason: string | null;
        };
        NewWebhook: {
            /** Format: uri */
            url: string;
            events: ("job.ended" | "schedule.missed" | "model.changed" | "drift.found" | "log.checkpoint")[];
            /**
             * @description standard: the payload of Standard Webhooks · cloudevents: CloudEvents 1.0, structured
             * @default standard
             * @enum {string}
             */
            form: "standard" | "cloudevents";
            /** @default  */
            description: string;
        };
        WebhookMade: {
            /** Format: uuid */
            id: string;
            url: string;
            description: string;
            events: string[];
            /** @enum {string} */
            form: "standard" | "cloudevents";
            /** @description Deliveries that wait, for their time or their next attempt */
            pending: number;
            /** @description Deliveries that were given up and can be replayed */
            dead: number;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            disabled_at: string | null;
            disabled_reason: string | null;
            secret: string;
        };
        WebhookRemoved: {
            /** Format: uuid */
            id: string;
            /** @constant */
            removed: true;
        };
        WebhookSecret: {
            /** Format: uuid */
            id: string;
            secret: string;
        };
        WebhookTested: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            event_id: string;
        };
        WebhookDeliveryList: {
            deliveries: components["schemas"]["WebhookDelivery"][];
        };
        WebhookDelivery: {
            /**
             * Format: uuid
             * @description The header webhook-id, the same on every attempt
             */
            event_id: string;
            type: string;
            subject: string;
            /** Format: date-time */
            occurred_at: string;
            /** @enum {string} */
            state: "pending" | "delivered" | "dead";
            attempts: number;
            next_at: string | null;
            last_attempt_at: string | null;
            last_status: number | null;
            last_error: string | null;
        };
        WebhookReplayed: {
            /** Format: uuid */
            id: string;
            replayed: number;
        };
        Caller: {
            /** @description What the log calls the caller: a key’s name, a person’s address */
            actor: string;
            tenant: string;
            /** @description Of a key; empty for people */
            scopes: ("submit" | "read" | "audit" | "admin")[];
            /** @description Of a person; null for keys */
            role: ("worker" | "supervisor" | "officer" | "scientist" | "auditor" | "admin") | null;
        };
        Health: {
            /** @enum {string} */
            status: "ok" | "degraded" | "unavailable" | "stopping";
            version?: string;
            /** @description For those who send a valid key or METRICS_TOKEN */
            checks?: {
                /** @enum {string} */
                name: "postgresql" | "migrations" | "partitions" | "model" | "queue";
                /** @enum {string} */
                status: "up" | "down";
                latency_ms: number;
                detail?: string;
            }[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_v1_jobs: {
        parameters: {
            query?: {
                status?: components["schemas"]["JobStatus"];
                /** @description Part of the name, of who submitted it, or of the id */
                search?: string;
                /** @description Only jobs that ended on this day or after */
                ended_from?: string;
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_cursor`: The cursor is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_jobs: {
        parameters: {
            query?: {
                /** @description For people; need not be unique */
                name?: string;
                /** @description Version; the active model by default */
                model?: string;
                /** @description Reasons to keep for each row */
                explain?: number;
                priority?: "low" | "normal" | "high";
                /** @description What the file holds: table (rows of features), line_list (RADET and its relatives; `radet` means the same), nmrs, fhir. Found out by its first 64 KiB */
                source?: "table" | "line_list" | "nmrs" | "fhir" | "radet";
                /** @description What parts the cells of a CSV */
                delimiter?: "," | ";" | "\t" | "|" | "comma" | "semicolon" | "tab" | "bar";
                /** @description Of a CSV */
                encoding?: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
                /** @description How dates such as 01/12/2026 are to be read where the columns do not show it */
                date_order?: "dmy" | "mdy" | "ymd";
                /** @description The only sheet of a workbook to be read */
                sheet?: string;
                /** @description Patient messages and line lists: the day to score on; by default the latest snapshot’s, or today */
                as_of?: string;
                /** @description Take a line list whose newest pickup lies more than 7 days before as_of */
                allow_stale?: "true" | "false";
                /** @description Let columns pass that the model does not know */
                ignore_unknown?: "true" | "false";
            };
            header?: {
                /** @description text/csv, application/csv, text/x-csv, application/x-csv, text/comma-separated-values, text/x-comma-separated-values, text/tab-separated-values, text/plain, application/vnd.ms-excel, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, application/vnd.ms-excel.sheet.macroenabled.12, application/vnd.apache.parquet, application/octet-stream, binary/octet-stream, application/gzip, application/x-gzip, application/zstd, text/json, application/json, application/x-ndjson, application/ndjson, application/jsonl, application/vnd.iit.nmrs+json, application/vnd.iit.nmrs+x-ndjson, application/fhir+json, application/fhir+ndjson, multipart/form-data, application/vnd.iit.job+json */
                "Content-Type"?: string;
                /** @description gzip, zstd or none */
                "Content-Encoding"?: string;
                /** @description The same key and request make one job, however often they are sent */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description A row a patient: patient_id, the features of the model, and if known facility_id and due_date */
        requestBody: {
            content: {
                /**
                 * @example patient_id,facility_id,due_date,age,gender,months_on_art,days_to_due,last_days_supply,days_since_last_refill
                 *     SYN-1,SYN-F1,2026-11-30,34,female,20,3,90,87
                 */
                "text/csv": string;
                /** @example {"patient_id":"SYN-1","facility_id":"SYN-F1","due_date":"2026-11-30","age":34,"gender":"female","months_on_art":20,"days_to_due":3,"last_days_supply":90,"days_since_last_refill":87} */
                "application/x-ndjson": string;
                /** @example [{"patient_id":"SYN-1","facility_id":"SYN-F1","due_date":"2026-11-30","age":34,"gender":"female","months_on_art":20,"days_to_due":3,"last_days_supply":90,"days_since_last_refill":87}] */
                "application/json": string;
                /** @example {"messageHeader":{"facilityDatimCode":"SYNFAC00001"},"messageData":{"demographics":{"patientUuid":"SYN-1","birthdate":"1990-02-03 00:00:00","gender":"F"},"visits":[],"encounters":[{"encounterUuid":"e1","encounterDatetime":"2026-10-20 10:00:00","pmmForm":"Pharmacy Order Form","voided":0}],"obs":[{"encounterUuid":"e1","obsDatetime":"2026-10-20 10:00:00","variableName":"Medication duration","valueNumeric":90,"voided":0}]}} */
                "application/vnd.iit.nmrs+x-ndjson": string;
                "application/vnd.iit.nmrs+json": string;
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                "application/vnd.apache.parquet": string;
                /** @example {"input":{"uri":"s3://nights/in/2026-11-27/*"},"output":{"uri":"s3://nights/out/2026-11-27/"}} */
                "application/vnd.iit.job+json": components["schemas"]["JobDocument"];
            };
        };
        responses: {
            /** @description Every row was read, and every accepted one is stored */
            202: {
                headers: {
                    /** @description Where the job is */
                    Location?: string;
                    /** @description true where an earlier request made the job */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `empty_body`: The body is empty · `invalid_body`: The body is not valid · `invalid_encoding`: The body is not UTF-8 · `truncated_body`: The body ends too early · `unterminated_quote`: A quoted field does not end · `malformed_json`: The body is not well-formed JSON · `upload_aborted`: The upload did not end · `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `upload_too_slow`: The upload is too slow */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency_conflict`: The idempotency key was used for another request */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large · `compression_ratio_exceeded`: The body expands too much · `row_too_large`: A row is too large · `workbook_too_large`: The workbook is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported_media_type`: The content type is not supported · `unsupported_encoding`: The content encoding is not supported */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `empty_cohort`: The cohort has no rows · `too_many_columns`: Too many columns · `unknown_columns`: Unknown columns · `missing_columns`: Required columns are missing · `missing_header`: The table has no header · `duplicate_columns`: Columns occur twice · `stale_list`: The list is old · `format_not_validated`: The model was not validated on such an input */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `source_unavailable`: The object store could not be read · `too_many_uploads`: Too many uploads at once · `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_check: {
        parameters: {
            query?: {
                /** @description What the file holds: table (rows of features), line_list (RADET and its relatives; `radet` means the same), nmrs, fhir. Found out by its first 64 KiB */
                source?: "table" | "line_list" | "nmrs" | "fhir" | "radet";
                /** @description What parts the cells of a CSV */
                delimiter?: "," | ";" | "\t" | "|" | "comma" | "semicolon" | "tab" | "bar";
                /** @description Of a CSV */
                encoding?: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
                /** @description How dates such as 01/12/2026 are to be read where the columns do not show it */
                date_order?: "dmy" | "mdy" | "ymd";
                /** @description The only sheet of a workbook to be read */
                sheet?: string;
                /** @description Patient messages and line lists: the day to score on; by default the latest snapshot’s, or today */
                as_of?: string;
                /** @description Take a line list whose newest pickup lies more than 7 days before as_of */
                allow_stale?: "true" | "false";
                /** @description Let columns pass that the model does not know */
                ignore_unknown?: "true" | "false";
                /** @description Version; the active model by default */
                model?: string;
                /** @description Rows to read; `all` for the whole file */
                rows?: "all" | number;
            };
            header?: {
                /** @description text/csv, application/csv, text/x-csv, application/x-csv, text/comma-separated-values, text/x-comma-separated-values, text/tab-separated-values, text/plain, application/vnd.ms-excel, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, application/vnd.ms-excel.sheet.macroenabled.12, application/vnd.apache.parquet, application/octet-stream, binary/octet-stream, application/gzip, application/x-gzip, application/zstd, text/json, application/json, application/x-ndjson, application/ndjson, application/jsonl, application/vnd.iit.nmrs+json, application/vnd.iit.nmrs+x-ndjson, application/fhir+json, application/fhir+ndjson, multipart/form-data */
                "Content-Type"?: string;
                /** @description gzip, zstd or none */
                "Content-Encoding"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description As of POST /v1/jobs */
        requestBody: {
            content: {
                /**
                 * @example patient_id;facility_id;due_date;age;gender;months_on_art;days_to_due;last_days_supply;days_since_last_refill
                 *     SYN-1;SYN-F1;2026-11-30;34;female;20;3;90;87
                 */
                "text/csv": string;
            };
        };
        responses: {
            /** @description What was understood */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Check"];
                };
            };
            /** @description `empty_body`: The body is empty · `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported_media_type`: The content type is not supported */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `missing_columns`: Required columns are missing */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_uploads`: Too many uploads at once · `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description `wait=<seconds>`: long poll */
                Prefer?: string;
                /** @description The ETag of an earlier answer; an unchanged job is 304 */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job */
            200: {
                headers: {
                    /** @description Weak validator */
                    ETag?: string;
                    /** @description Seconds until the next poll makes sense, while it runs */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Not changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_v1_jobs_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cancelled job */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `job_finished`: The job has finished */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_events: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example event: progress
                     *     data: {"id":"…","status":"running",…}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate_limited`: Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_jobs_id_retry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job, running again */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `nothing_to_retry`: Nothing to retry · `job_finished`: The job has finished */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_results: {
        parameters: {
            query?: {
                format?: "json" | "ndjson" | "csv" | "parquet";
                /** @description risk: the highest first, ties in the order of the input */
                order?: "input" | "risk";
                tier?: "low" | "medium" | "high";
                min_risk?: number;
                /** @description Only as many of the highest risk as can be called, in each group of `per` */
                capacity?: number;
                /** @description What `capacity` counts for */
                per?: "facility" | "job";
                /** @description json: rows a page, 100 by default, 1000 at most · ndjson, csv, parquet: rows in all */
                limit?: number;
                /** @description json: next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Results */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResultPage"];
                    /** @example {"row":1,"patient_id":"P-1","risk":0.31,"tier":"high",…} */
                    "application/x-ndjson": string;
                    /** @example row,patient_id,facility_id,due_date,risk,tier,… */
                    "text/csv": string;
                    "application/vnd.apache.parquet": string;
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_cursor`: The cursor is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `job_not_finished`: The job has not finished · `job_cancelled`: The job was cancelled · `job_aborted`: The upload of the job did not end well · `job_failed`: The job failed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `results_expired`: The results are no longer kept */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_worklist: {
        parameters: {
            query?: {
                format?: "csv" | "xlsx";
                facility_id?: string;
                tier?: "low" | "medium" | "high";
                /** @description Only as many of the highest risk as can be called, in each facility */
                capacity?: number;
                /** @description The day from which days to due are counted; by default the day that each patient’s data describe */
                on?: string;
            };
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example facility_id,rank,patient_id,tier,risk,due_date,… */
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `job_not_finished`: The job has not finished · `job_cancelled`: The job was cancelled · `job_aborted`: The upload of the job did not end well · `job_failed`: The job failed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `results_expired`: The results are no longer kept */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_rejections: {
        parameters: {
            query?: {
                format?: "json" | "ndjson" | "csv";
                /** @description json: rows a page, 100 by default, 1000 at most · ndjson, csv: rows in all */
                limit?: number;
                /** @description json: next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rejections in the order of the input */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RejectionPage"];
                    /** @example {"row":17,"line":18,"field":"age","code":"not_a_number",…} */
                    "application/x-ndjson": string;
                    /** @example row,line,sheet,field,code,message,patient_id,facility_id,due_date */
                    "text/csv": string;
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_cursor`: The cursor is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `results_expired`: The results are no longer kept */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_rows_row_receipt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
                /** @description Number of the row in the input, from 1 */
                row: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receipt */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `receipt_unavailable`: There is no receipt */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `results_expired`: The results are no longer kept */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_objects: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description In their order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobObjects"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_not_predicted: {
        parameters: {
            query?: {
                format?: "csv" | "xlsx";
            };
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example patient_id,facility_id,due_date,code,reason,sheet,row,line */
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `results_expired`: The results are no longer kept */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_predict: {
        parameters: {
            query?: {
                /** @description Version; the active model by default */
                model?: string;
                /** @description Reasons a patient */
                explain?: number;
                /** @description true lets fields pass that the model has no feature for */
                ignore_unknown?: "true" | "false";
                /** @description Patient messages: the day to score on; today (UTC) by default */
                as_of?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Patients, MAX_BATCH_SIZE at most */
        requestBody: {
            content: {
                /** @example {"patient_id":"SYN-1","facility_id":"SYN-F1","due_date":"2026-11-30","age":34,"gender":"female","months_on_art":20,"days_to_due":3,"last_days_supply":90,"days_since_last_refill":87} */
                "application/json": string;
                /** @example {"messageHeader":{"facilityDatimCode":"SYNFAC00001"},"messageData":{"demographics":{"patientUuid":"SYN-1","birthdate":"1990-02-03 00:00:00","gender":"F"},"visits":[],"encounters":[{"encounterUuid":"e1","encounterDatetime":"2026-10-20 10:00:00","pmmForm":"Pharmacy Order Form","voided":0}],"obs":[{"encounterUuid":"e1","obsDatetime":"2026-10-20 10:00:00","variableName":"Medication duration","valueNumeric":90,"voided":0}]}} */
                "application/vnd.iit.nmrs+json": string;
            };
        };
        responses: {
            /** @description Predictions, audited */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Predictions"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_body`: The body is not valid · `malformed_json`: The body is not well-formed JSON · `invalid_encoding`: The body is not UTF-8 · `empty_body`: The body is empty */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported_media_type`: The content type is not supported · `unsupported_encoding`: The content encoding is not supported */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `empty_cohort`: The cohort has no rows · `unknown_columns`: Unknown columns · `missing_columns`: Required columns are missing · `feature_mismatch`: The features do not fit the model */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `scoring_failed`: Scoring failed · `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `features_unavailable`: The feature store is not available · `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_features: {
        parameters: {
            query?: {
                /** @description true drops fields that the active model has no feature for */
                ignore_unknown?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Patients, 1000 at most */
        requestBody: {
            content: {
                /** @example {"patient_id":"SYN-1","facility_id":"SYN-F1","age":34,"gender":"female","months_on_art":20,"days_to_due":3,"last_days_supply":90,"days_since_last_refill":87,"as_of":"2026-11-27"} */
                "application/json": string;
            };
        };
        responses: {
            /** @description Kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredFeatures"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `malformed_json`: The body is not well-formed JSON · `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unknown_columns`: Unknown columns · `missing_columns`: Required columns are missing */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `features_unavailable`: The feature store is not available · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_facilities: {
        parameters: {
            query?: {
                state?: string;
                lga?: string;
                /** @description Part of name or id */
                search?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The facilities */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FacilityList"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_facilities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The register */
        requestBody: {
            content: {
                /**
                 * @example id,name,lga,state
                 *     F1,"Central Clinic","Dala","Kano"
                 */
                "text/csv": string;
            };
        };
        responses: {
            /** @description How many facilities the register had */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FacilitiesPut"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `invalid_encoding`: The body is not UTF-8 · `empty_body`: The body is empty */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_facilities_facility_id_calls: {
        parameters: {
            query?: {
                /** @description due: within 30 days · missed: past due, day 28 not yet over · interrupted · unknown: not enough data */
                list?: "due" | "missed" | "interrupted" | "unknown";
                tier?: "low" | "medium" | "high";
                capacity?: number;
                sort?: "risk" | "days";
                after?: number;
                /** @description The day from which days are counted; today */
                on?: string;
            };
            header?: never;
            path: {
                facility_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallList"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_contacts: {
        parameters: {
            query: {
                patient_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Contacts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactList"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_contacts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Whom, and what came of it */
        requestBody: {
            content: {
                /** @example {"facility_id":"SYN-F1","patient_id":"SYN-1","result":"will_come","coming_on":"2026-12-01"} */
                "application/json": components["schemas"]["NewContact"];
            };
        };
        responses: {
            /** @description The contact */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContactMade"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_jobs_id_rows_row_tier: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
                row: number;
            };
            cookie?: never;
        };
        /** @description The tier and why */
        requestBody: {
            content: {
                /** @example {"tier":"high","reason":"Her husband has moved away with the children"} */
                "application/json": components["schemas"]["NewTierOverride"];
            };
        };
        responses: {
            /** @description The override */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierOverride"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_jobs_id_tier_overrides: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The latest of each row */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TierOverrides"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_overview: {
        parameters: {
            query?: {
                state?: string;
                lga?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The area */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_audit: {
        parameters: {
            query?: {
                patient_id?: string;
                job_id?: string;
                /** @description Name of the key that asked for the score */
                actor?: string;
                /** @description Version of the model */
                model?: string;
                /** @description Recorded at or after */
                from?: string;
                /** @description Recorded before */
                to?: string;
                /** @description input: with the stored features; at most 1000 records a page then */
                include?: "input";
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_cursor`: The cursor is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_audit_events: {
        parameters: {
            query?: {
                /** @description Such as results.export or auth.refused */
                action?: string;
                actor?: string;
                outcome?: "success" | "refused" | "failure";
                /** @description Such as job/<id> or patient/<id> */
                entity?: string;
                /** @description Recorded at or after */
                from?: string;
                /** @description Recorded before */
                to?: string;
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEventPage"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid · `invalid_cursor`: The cursor is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_log_checkpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A signed note */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example iit.example.org/log
                     *     42
                     *     CsUY…=
                     *
                     *     — iit.example.org/log x08go/ZJ…
                     */
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_log_consistency: {
        parameters: {
            query: {
                /** @description Size of the earlier checkpoint */
                first: number;
                /** @description Size of the later one */
                second: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsistencyProof"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Parts `model`, `manifest` and `golden` of a form, or their texts in a JSON object */
        requestBody: {
            content: {
                "multipart/form-data": string;
                /** @example {"model":"tree\n…","manifest":"{…}","golden":"{…}"} */
                "application/json": string;
            };
        };
        responses: {
            /** @description The model was registered before */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description The model, registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_conflict`: The model version exists with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported_media_type`: The content type is not supported · `unsupported_encoding`: The content encoding is not supported */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_invalid`: The model is not valid · `feature_mismatch`: The features do not fit the model */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: The service is behind with its work · `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelWithManifest"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_models_version_activate: {
        parameters: {
            query?: {
                /** @description Why, for the log */
                reason?: string;
                /** @description Who answers for the use of the model */
                approver?: string;
                /** @description Until when, after which lists say so; the manifest’s day, or a year from today */
                expires?: string;
                /** @description Score and keep, and show it on no call list: for a trial */
                silent?: string;
            };
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model, active */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_conflict`: The model version exists with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_models_rollback: {
        parameters: {
            query?: {
                /** @description Why, for the log */
                reason?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model, active again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_models_version_shadow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the model shadows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Shadow"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_conflict`: The model version exists with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `feature_mismatch`: The features do not fit the model */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_v1_models_version_shadow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the model shadows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Shadow"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_shadow_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report of the latest shadow */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShadowReport"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known · `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trial */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelTrial"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known · `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_models_version_trial: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        /** @description Why, until when, and the rule; what it leaves out has a default */
        requestBody: {
            content: {
                /** @example {"reason":"Before the use in Kano","ends_on":"2027-03-31","rule":{"minimum_auc":0.7}} */
                "application/json": components["schemas"]["NewModelTrial"];
            };
        };
        responses: {
            /** @description The trial */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelTrial"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_conflict`: The model version exists with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_models_version_trial_decision: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        /** @description What, why and who answers for it */
        requestBody: {
            content: {
                /** @example {"decision":"no_go","reason":"Too few of the young are found","approver":"Dr. A. Bello, ART coordinator"} */
                "application/json": components["schemas"]["TrialDecision"];
            };
        };
        responses: {
            /** @description The trial */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelTrial"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known · `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_conflict`: The model version exists with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_thresholds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The thresholds */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelThresholds"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_models_version_thresholds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        /** @description The cut-offs, why, who answers for them and when they are looked at anew */
        requestBody: {
            content: {
                /** @example {"tiers":{"medium":0.08,"high":0.2},"reason":"Twelve case managers can call 5 % of patients","approver":"Dr. A. Bello","review_on":"2027-05-31"} */
                "application/json": components["schemas"]["NewThresholds"];
            };
        };
        responses: {
            /** @description The thresholds */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelThresholds"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_drift: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Drift of jobs and of the sliding window, and alarms */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelDrift"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_models_version_drift_acknowledge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        /** @description Which, why, and whether it is to stay so */
        requestBody: {
            content: {
                /** @example {"reason":"The laboratory changed its units; mended on 3 November.","expected":false} */
                "application/json": components["schemas"]["DriftAcknowledgement"];
            };
        };
        responses: {
            /** @description How many were acknowledged now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DriftAcknowledged"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_performance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Observed performance */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelPerformance"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_models_version_equity: {
        parameters: {
            query?: {
                /** @description The latest of which a report was made */
                quarter?: string;
            };
            header?: never;
            path: {
                /** @description Version of a model */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EquityReport"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known · `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_outcomes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One outcome, or an array of at most 10000 */
        requestBody: {
            content: {
                /** @example {"patient_id":"P-1","outcome":"interrupted","date":"2026-11-02"} */
                "application/json": components["schemas"]["Outcome"][];
            };
        };
        responses: {
            /** @description What was filed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FiledOutcomes"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `malformed_json`: The body is not well-formed JSON · `empty_body`: The body is empty */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_people: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description People by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonList"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_people: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Who */
        requestBody: {
            content: {
                /** @example {"email":"ada@example.org","name":"Ada","role":"worker","areas":["facility:SYN-F1"]} */
                "application/json": components["schemas"]["NewPerson"];
            };
        };
        responses: {
            /** @description The invitation */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invitation"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `person_conflict`: This person is known already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_people_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** @description What changes */
        requestBody: {
            content: {
                /** @example {"disabled":true} */
                "application/json": components["schemas"]["PersonChange"];
            };
        };
        responses: {
            /** @description The person */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Person"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Keys, revoked ones too */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyList"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Its name, and what it may */
        requestBody: {
            content: {
                /** @example {"name":"nightly","scopes":["submit","read"]} */
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            /** @description The key */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyMade"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `key_conflict`: There is a key of this name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_v1_keys_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyRevoked"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_schedules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description By name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleList"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_v1_schedules_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        /** @description When and what */
        requestBody: {
            content: {
                /** @example {"cron":"30 2 * * *","time_zone":"Africa/Lagos","job":{"input":{"uri":"s3://nights/in/{date}/*"}}} */
                "application/json": components["schemas"]["NewSchedule"];
            };
        };
        responses: {
            /** @description The schedule */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model_not_found`: The model is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_v1_schedules_name: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRemoved"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_schedules_name_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_schedules_name_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_schedules_name_runs: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRunList"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The address and its events */
        requestBody: {
            content: {
                /** @example {"url":"https://emr.example.org/iit","events":["job.ended"]} */
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description It and its secret */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookMade"];
                };
            };
            /** @description `invalid_body`: The body is not valid · `empty_body`: The body is empty · `malformed_json`: The body is not well-formed JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook_conflict`: There are as many webhooks as a tenant may have */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body_too_large`: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_v1_webhooks_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookRemoved"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_webhooks_id_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new secret */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecret"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_webhooks_id_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is sent within seconds */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTested"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_webhooks_id_deliveries: {
        parameters: {
            query?: {
                state?: "pending" | "delivered" | "dead";
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_v1_webhooks_id_replay: {
        parameters: {
            query?: {
                event?: string;
                since?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookReplayed"];
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: The API key lacks the scope */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_v1_whoami: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Caller"];
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `database_unavailable`: The database is not available */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Name, release and links */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        service: string;
                        version: string;
                        notice: string;
                        links: {
                            [key: string]: string;
                        };
                    };
                    "text/html": string;
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Fit to serve */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not fit to serve */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    get_health_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Fit to serve */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not fit to serve */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text exposition format */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: A valid API key is needed */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_openapi_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_docs: {
        parameters: {
            query?: {
                /** @description Calls, or what bodies hold */
                show?: "calls" | "schemas";
                /** @description Only the calls that hold these words */
                find?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description `invalid_query`: A query parameter is not valid */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Internal error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
