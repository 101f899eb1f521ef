--- What the command asks of a SQLite database in its own words; the fields are those of rille.command.database.
local rille = require "rille"
local tools = rille.tools
local errors = tools.errors
local files = require "rille.command.files"

local on = { version = "SELECT sqlite_version() AS v" }

-- A committed write that changes nothing: for every other connection the file has a new version.
function on.tell_caches(db)
  db:transaction(function(tx)
    local version = tx:query_raw("PRAGMA user_version")[1].user_version
    tx:execute_raw(("PRAGMA user_version = %d"):format(version))
  end)
  return "the version of the file has moved, which every process with a cache notices at its next call"
end

function on.number_on() end -- a new row gets a number after the greatest one

local KEYS = [[
SELECT m.name AS "table", f.id AS id, f."from" AS "column"
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq]]

local INDEXES = [[
SELECT m.name AS "table", l.name AS "index", i.name AS "column"
FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
WHERE m.type = 'table' AND l.partial = 0 ORDER BY m.name, l.name, i.seqno]]

local ROWIDS = [[
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

function on.unindexed_keys(db)
  local known = gather(db:query_raw(INDEXES), "index")
  for _, row in ipairs(db:query_raw(ROWIDS)) do known[#known + 1] = { row.column, table = row.table } end
  local missing = {}
  for _, key in ipairs(gather(db:query_raw(KEYS), "id")) do
    local served = false
    for _, index in ipairs(known) do served = served or (index.table == key.table and begins_with(index, key)) end
    local columns = {}
    for i, column in ipairs(key) do columns[i] = column end
    if not served then missing[#missing + 1] = { table = key.table, columns = columns } end
  end
  return missing
end

--- A file is not made by looking at it.
function on.check(url)
  local path = tools.url_file(url)
  if path and not files.exists(path) then
    errors.raise("P1003", "the database file `%s` does not exist; `rille migrate dev` or `rille db push` creates it", path)
  end
end

function on.advice(db)
  local list = {}
  local mode = db:query_raw("PRAGMA journal_mode")[1].journal_mode
  if mode ~= "wal" and mode ~= "memory" then
    list[#list + 1] = ("journal_mode is %s: with wal, readers and a writer do not wait for each other"):format(tostring(mode))
  end
  local checked = db:query_raw "PRAGMA quick_check(5)"
  if checked[1] and checked[1].quick_check ~= "ok" then list[#list + 1] = "quick_check: " .. tostring(checked[1].quick_check) end
  return list
end

-- SQLite says SCAN of what it reads from end to end. Its indexes serve no LIKE, so there is nothing to say of one.
function on.scans(db, sql, statement)
  local values = {}
  for i = 1, statement.placeholders(sql) do values[i] = rille.null end
  local found = {}
  for _, row in ipairs(db:query_raw("EXPLAIN QUERY PLAN " .. sql, (table.unpack or unpack)(values))) do
    local name = row.detail:match "^SCAN TABLE ([%w_]+)" or row.detail:match "^SCAN ([%w_]+)"
    if name and not row.detail:find "USING" and name ~= "CONSTANT" then
      local real = statement.alias_target(sql, name)
      local columns = statement.compared(sql, real, name)
      if #columns > 0 then found[#found + 1] = { table = real, columns = columns } end
    end
  end
  return found
end

return on
