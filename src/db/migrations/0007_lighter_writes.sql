DROP INDEX "envelopes_external";--> statement-breakpoint
DROP INDEX "envelopes_metadata";--> statement-breakpoint
CREATE INDEX "envelopes_external" ON "envelopes" USING btree ("tenant_id","external_id") WHERE "envelopes"."external_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "envelopes_metadata" ON "envelopes" USING gin ("metadata") WHERE metadata <> '{}'::jsonb;--> statement-breakpoint
-- lz4 costs a fraction of pglz, and bodies are written far more often than read. Where the server has none, it stays as it is.
DO $$ BEGIN
  ALTER TABLE "deliveries" ALTER COLUMN "body" SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN NULL;
END $$;
