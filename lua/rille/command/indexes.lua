--- Foreign keys without an index: what a filter or an include over the relation reads the whole table for.
local indexes = {}

local POSTGRES = [[
SELECT n.nspname AS schema, t.relname AS table, c.conname AS name, n.nspname = ANY (current_schemas(false)) AS here,
  (SELECT string_agg(a.attname, ',' ORDER BY k.ord) FROM unnest(c.conkey) WITH ORDINALITY k(num, ord)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.contype = 'f' AND c.conparentid = 0
  AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
ORDER BY 1, 2, 3]]

local SQLITE_KEYS = [[
SELECT m.name AS "table", f.id AS id, f."from" AS "column"
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq]]

local SQLITE_INDEXES = [[
SELECT m.name AS "table", l.name AS "index", i.name AS "column"
FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
WHERE m.type = 'table' AND l.partial = 0 ORDER BY m.name, l.name, i.seqno]]

local SQLITE_ROWIDS = [[
SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk = 1]]

-- Rows of one column each, gathered to lists by table and a second key.
local function gather(rows, key)
  local lists, order = {}, {}
  for _, row in ipairs(rows) do
    local name = row.table .. "\0" .. tostring(row[key])
    if not lists[name] then
      lists[name] = { table = row.table }
      order[#order + 1] = lists[name]
    end
    table.insert(lists[name], row.column or "")
  end
  return order
end

-- Whether the first columns of an index are those of a key, in any order.
local function begins_with(index, key)
  if #index < #key then return false end
  local wanted = {}
  for _, column in ipairs(key) do wanted[column] = true end
  for i = 1, #key do
    if not wanted[index[i]] then return false end
  end
  return true
end

local function on_sqlite(db)
  local known = gather(db:query_raw(SQLITE_INDEXES), "index")
  for _, row in ipairs(db:query_raw(SQLITE_ROWIDS)) do known[#known + 1] = { row.column, table = row.table } end
  local missing = {}
  for _, key in ipairs(gather(db:query_raw(SQLITE_KEYS), "id")) do
    local served = false
    for _, index in ipairs(known) do served = served or (index.table == key.table and begins_with(index, key)) end
    local columns = {}
    for i, column in ipairs(key) do columns[i] = column end
    if not served then missing[#missing + 1] = { table = key.table, columns = columns } end
  end
  return missing
end

local function on_postgres(db, schemas)
  local missing = {}
  for _, row in ipairs(db:query_raw(POSTGRES)) do
    local columns = {}
    for column in row.columns:gmatch "[^,]+" do columns[#columns + 1] = column end
    if row.here or schemas[row.schema] then missing[#missing + 1] = { table = row.table, schema = row.schema, columns = columns, constraint = row.name } end
  end
  return missing
end

--- Foreign keys of the database that no index begins with.
---@param db rille.Client
---@param provider string
---@param schemas table<string, boolean> PostgreSQL: what belongs to the project beside the search_path
---@return { table: string, columns: string[], schema?: string }[]
function indexes.missing(db, provider, schemas)
  if provider == "sqlite" then return on_sqlite(db) end
  return on_postgres(db, schemas)
end

return indexes
