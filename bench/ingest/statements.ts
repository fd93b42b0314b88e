/** What peers and pgbench do for a delivery: store it once, move its envelope on, log that. */

export const INSERT =
  'INSERT INTO peer_delivery (dedupe_key, body) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id';
export const UPDATE = `UPDATE peer_envelope SET status = $2, changed_at = $3, version = version + 1
  WHERE provider_id = $1 AND changed_at < $3 RETURNING id, version`;
export const LOG = 'INSERT INTO peer_event (envelope_id, version, type, status) VALUES ($1, $2, $3, $4)';
export const ONE_STATEMENT = `WITH delivery AS (
    INSERT INTO peer_delivery (dedupe_key, body) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id
  ), envelope AS (
    UPDATE peer_envelope SET status = $4, changed_at = $5, version = version + 1
    WHERE provider_id = $3 AND changed_at < $5 AND EXISTS (SELECT FROM delivery) RETURNING id, version
  )
  INSERT INTO peer_event (envelope_id, version, type, status) SELECT id, version, $6, $4 FROM envelope`;
