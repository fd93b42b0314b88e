CREATE TABLE "provider_budgets" (
	"tenant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"call_limit" integer,
	"remaining" integer,
	"reset_at" timestamp (3) with time zone,
	"burst_limit" integer,
	"burst_remaining" integer,
	"as_of" timestamp (3) with time zone,
	"blocked_until" timestamp (3) with time zone,
	CONSTRAINT "provider_budgets_tenant_id_account_id_pk" PRIMARY KEY("tenant_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "provider_budgets" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "provider_budgets" ADD CONSTRAINT "provider_budgets_tenant_id_account_id_accounts_tenant_id_id_fk" FOREIGN KEY ("tenant_id","account_id") REFERENCES "public"."accounts"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "tenant" ON "provider_budgets" AS PERMISSIVE FOR ALL TO "countersign_app" USING (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[])) WITH CHECK (tenant_id = ANY(nullif(current_setting('countersign.tenants', true), '')::uuid[]));