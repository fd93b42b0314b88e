CREATE TABLE "accounts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"provider" text NOT NULL,
	"environment" text NOT NULL,
	"provider_account_id" text NOT NULL,
	"name" text NOT NULL,
	"base_uri" text NOT NULL,
	"credentials" text NOT NULL,
	"webhook_keys" text NOT NULL,
	"webhook_mode" text NOT NULL,
	"webhook_path" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"disconnected_at" timestamp (3) with time zone,
	CONSTRAINT "accounts_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "commands" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"envelope_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"request" jsonb NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"fence" uuid,
	"lease_until" timestamp (3) with time zone,
	"next_try_at" timestamp (3) with time zone,
	"doubt_since" timestamp (3) with time zone,
	"failure" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	CONSTRAINT "commands_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "commands" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dedupe_keys" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"key" text NOT NULL,
	"delivery_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	CONSTRAINT "dedupe_keys_tenant_id_account_id_key_pk" PRIMARY KEY("tenant_id","account_id","key")
);
--> statement-breakpoint
ALTER TABLE "dedupe_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "deliveries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"verdict" text NOT NULL,
	"effect" text NOT NULL,
	"reason" text,
	"content_type" text,
	"body" "bytea",
	"envelope_id" uuid,
	CONSTRAINT "deliveries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "document_chunks" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"bytes" "bytea" NOT NULL,
	CONSTRAINT "document_chunks_tenant_id_document_id_position_pk" PRIMARY KEY("tenant_id","document_id","position")
);
--> statement-breakpoint
ALTER TABLE "document_chunks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "documents" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"filename" text NOT NULL,
	"content_type" text NOT NULL,
	"size" integer NOT NULL,
	"sha256" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	CONSTRAINT "documents_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "due" (
	"tenant_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"id" uuid NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "due_tenant_id_kind_id_pk" PRIMARY KEY("tenant_id","kind","id")
);
--> statement-breakpoint
CREATE TABLE "envelope_documents" (
	"tenant_id" uuid NOT NULL,
	"envelope_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"document_id" uuid NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "envelope_documents_tenant_id_envelope_id_position_pk" PRIMARY KEY("tenant_id","envelope_id","position")
);
--> statement-breakpoint
ALTER TABLE "envelope_documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "envelopes" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"provider_id" text,
	"status" text NOT NULL,
	"provider_status" text,
	"reason" text,
	"subject" text NOT NULL,
	"message" text,
	"external_id" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"state" jsonb NOT NULL,
	"failure" jsonb,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"synced_at" timestamp (3) with time zone,
	"sync_source" text,
	"polled_at" timestamp (3) with time zone,
	CONSTRAINT "envelopes_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "envelopes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "events" (
	"tenant_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"id" uuid NOT NULL,
	"envelope_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"type" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"source" text NOT NULL,
	"status" text NOT NULL,
	"recipient_id" uuid,
	"recipient_status" text,
	CONSTRAINT "events_tenant_id_sequence_pk" PRIMARY KEY("tenant_id","sequence")
);
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "fields" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"envelope_id" uuid NOT NULL,
	"recipient_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"kind" text NOT NULL,
	"label" text,
	"required" boolean NOT NULL,
	"value" text,
	"place" jsonb NOT NULL,
	CONSTRAINT "fields_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "fields" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "heads" (
	"tenant_id" uuid PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"earliest" bigint DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "heads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" uuid NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"result_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_operation_key_pk" PRIMARY KEY("tenant_id","operation","key")
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "parked_observations" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"provider_id" text NOT NULL,
	"delivery_id" uuid,
	"sighting" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT countersign_now() NOT NULL,
	CONSTRAINT "parked_observations_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "parked_observations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "recipients" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"envelope_id" uuid NOT NULL,
	"key" text,
	"position" integer NOT NULL,
	"provider_ref" text NOT NULL,
	"role" text NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"routing_order" integer NOT NULL,
	"embedded" boolean NOT NULL,
	"status" text NOT NULL,
	"provider_status" text,
	"reason" text,
	"status_at" timestamp (3) with time zone,
	CONSTRAINT "recipients_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "recipients" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "routes" (
	"hash" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL
);
--> statement-breakpoint
ALTER TABLE "document_chunks" ADD CONSTRAINT "document_chunks_tenant_id_document_id_documents_tenant_id_id_fk" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "envelope_documents" ADD CONSTRAINT "envelope_documents_tenant_id_envelope_id_envelopes_tenant_id_id_fk" FOREIGN KEY ("tenant_id","envelope_id") REFERENCES "public"."envelopes"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "envelope_documents" ADD CONSTRAINT "envelope_documents_tenant_id_document_id_documents_tenant_id_id_fk" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fields" ADD CONSTRAINT "fields_tenant_id_envelope_id_envelopes_tenant_id_id_fk" FOREIGN KEY ("tenant_id","envelope_id") REFERENCES "public"."envelopes"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recipients" ADD CONSTRAINT "recipients_tenant_id_envelope_id_envelopes_tenant_id_id_fk" FOREIGN KEY ("tenant_id","envelope_id") REFERENCES "public"."envelopes"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_provider_account" ON "accounts" USING btree ("tenant_id","provider","environment","provider_account_id");--> statement-breakpoint
CREATE INDEX "accounts_created" ON "accounts" USING btree ("tenant_id","created_at","id");--> statement-breakpoint
CREATE INDEX "commands_envelope" ON "commands" USING btree ("tenant_id","envelope_id");--> statement-breakpoint
CREATE UNIQUE INDEX "commands_one_open" ON "commands" USING btree ("tenant_id","envelope_id","kind") WHERE state in ('INTENDED', 'ATTEMPTED', 'UNCERTAIN');--> statement-breakpoint
CREATE INDEX "deliveries_account" ON "deliveries" USING btree ("tenant_id","account_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_refused" ON "deliveries" USING btree ("tenant_id","account_id","id") WHERE verdict = 'REFUSED';--> statement-breakpoint
CREATE INDEX "due_at" ON "due" USING btree ("due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "envelopes_provider_id" ON "envelopes" USING btree ("tenant_id","account_id","provider_id");--> statement-breakpoint
CREATE INDEX "envelopes_created" ON "envelopes" USING btree ("tenant_id","created_at","id");--> statement-breakpoint
CREATE INDEX "envelopes_updated" ON "envelopes" USING btree ("tenant_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "envelopes_external" ON "envelopes" USING btree ("tenant_id","external_id");--> statement-breakpoint
CREATE INDEX "envelopes_metadata" ON "envelopes" USING gin ("metadata");--> statement-breakpoint
CREATE INDEX "events_envelope" ON "events" USING btree ("tenant_id","envelope_id","sequence");--> statement-breakpoint
CREATE INDEX "events_id" ON "events" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "fields_envelope" ON "fields" USING btree ("tenant_id","envelope_id");--> statement-breakpoint
CREATE INDEX "idempotency_expiry" ON "idempotency_keys" USING btree ("tenant_id","expires_at");--> statement-breakpoint
CREATE INDEX "parked_provider_id" ON "parked_observations" USING btree ("tenant_id","account_id","provider_id");--> statement-breakpoint
CREATE UNIQUE INDEX "recipients_envelope_ref" ON "recipients" USING btree ("tenant_id","envelope_id","provider_ref");--> statement-breakpoint
CREATE POLICY "tenant" ON "accounts" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "commands" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "dedupe_keys" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "deliveries" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "document_chunks" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "documents" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "envelope_documents" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "envelopes" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "events" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "fields" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "heads" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "idempotency_keys" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "parked_observations" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));--> statement-breakpoint
CREATE POLICY "tenant" ON "recipients" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));