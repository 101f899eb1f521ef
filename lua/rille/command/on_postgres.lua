--- What the command asks of a PostgreSQL database in its own words; the fields are those of rille.command.database.
local rille = require "rille"

local on = { version = "SELECT current_setting('server_version') AS v" }

local KEYS = [[
SELECT n.nspname AS schema, t.relname AS table, c.conname AS name, n.nspname = ANY (current_schemas(false)) AS here,
  (SELECT string_agg(a.attname, ',' ORDER BY k.ord) FROM unnest(c.conkey) WITH ORDINALITY k(num, ord)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.contype = 'f' AND c.conparentid = 0
  AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
ORDER BY 1, 2, 3]]

function on.unindexed_keys(db, schemas)
  local missing = {}
  for _, row in ipairs(db:query_raw(KEYS)) do
    local columns = {}
    for column in row.columns:gmatch "[^,]+" do columns[#columns + 1] = column end
    if row.here or schemas[row.schema] then missing[#missing + 1] = { table = row.table, schema = row.schema, columns = columns, constraint = row.name } end
  end
  return missing
end

function on.check() end

function on.tell_caches(db)
  db:notify("rille_cache", "everything")
  return "a notice was sent to all processes that have a cache on this database"
end

function on.notices(db) return db:query_raw("SELECT pg_notification_queue_usage() AS full")[1].full end

local function quote(name) return '"' .. name:gsub('"', '""') .. '"' end

-- Moves the sequences of a model's columns behind the greatest values, which were written without them.
function on.number_on(db, facts)
  local name = (facts.schema and quote(facts.schema) .. "." or "") .. quote(facts.table)
  for _, field in ipairs(facts.fields) do
    if field.default_kind == "autoincrement" then
      local column = field.column or field.name
      local sequence = db:query_raw("SELECT pg_get_serial_sequence(?, ?) AS s", name, column)[1].s
      if sequence then
        db:query_raw(("SELECT setval('%s', m) FROM (SELECT max(%s) AS m FROM %s) q WHERE m > (SELECT last_value FROM %s)"):format(sequence:gsub("'", "''"),
          quote(column), name, sequence))
      end
    end
  end
end

local function parameter(url, name) return url:match("[?&]" .. name .. "=([^&]*)") end

local function is_local(host) return host == "" or host == "localhost" or host:find "^127%." ~= nil or host == "::1" or host == "[::1]" end

function on.advice(_, url)
  local authority = url:match "^%w+://([^/?]*)" or ""
  local hosts = authority:match "@(.*)$" or authority
  local host, port = hosts:match "^(.-):?(%d*)$"
  local list = {}
  if parameter(url, "host") == nil and not is_local(host) and not parameter(url, "sslmode") then
    list[#list + 1] = "the server is not on this machine and the URL has no sslmode: add sslmode=require, or verify-full with sslrootcert"
  end
  local pooler = host:find("-pooler.", 1, true) or host:find("pooler.", 1, true) or port == "6543" or port == "6432"
  if pooler and not host:find("-pooler.", 1, true) and parameter(url, "pgbouncer") ~= "true" then
    list[#list + 1] = "this looks like a pooler: add pgbouncer=true if it is in transaction mode"
  end
  if pooler then list[#list + 1] = "run migrations with the direct connection, not through the pooler" end
  if parameter(url, "connection_limit") == "1" then list[#list + 1] = "connection_limit=1: a call on db inside its own transaction waits for itself" end
  return list
end

local function walk(node, visit)
  visit(node)
  for _, inner in ipairs(node.Plans or {}) do walk(inner, visit) end
end

-- PostgreSQL reads a small table from end to end with any index, so that is made dear; a plan for no value in particular, since NULLs would be
-- calculated away. The transaction is undone.
function on.scans(db, sql, statement)
  local found = {}
  db:transaction(function(tx)
    tx:execute_raw "SET LOCAL enable_seqscan = off"
    tx:execute_raw "SET LOCAL plan_cache_mode = force_generic_plan"
    tx:execute_script("PREPARE rille_doctor AS " .. sql)
    local nulls = ("NULL,"):rep(statement.placeholders(sql)):sub(1, -2)
    local ok, rows = pcall(tx.query_raw, tx, "EXPLAIN (FORMAT JSON) EXECUTE rille_doctor" .. (nulls ~= "" and "(" .. nulls .. ")" or ""))
    tx:execute_script "DEALLOCATE rille_doctor"
    if not ok then error(rows, 0) end
    local plan = rows[1]["QUERY PLAN"]
    if type(plan) == "string" then plan = rille.json.decode(plan) end
    walk(plan[1].Plan, function(node)
      local whole = node["Node Type"] == "Seq Scan" or (node["Node Type"]:find "^Index" and not node["Index Cond"])
      if not (whole and node.Filter and node["Relation Name"]) then return end
      local columns, searched = statement.compared(sql, node["Relation Name"], node.Alias)
      columns, searched = statement.named(columns, node.Filter), statement.named(searched, node.Filter)
      local pattern = #columns == 0 and #searched > 0
      if pattern then columns = searched end
      if #columns == 0 then columns = { (node.Filter:match "([%a_][%w_]*)%)?[:%w ]* [=<>~]") } end
      found[#found + 1] = { table = node["Relation Name"], columns = columns, pattern = pattern }
    end)
  end)
  return found
end

return on
