--- Problems in a log of queries: the same statement again and again from one place (N+1), and statements that no index serves.
local rille = require "rille"
local database = require "rille.command.database"
local errors = rille.tools.errors

local querylog = {}

local REPEATS = 5 -- this many of the same statement, nearly in a row, are a loop
local NEAR = 4 -- other statements that may be between two of them

--- Returns the events of a log: lines of JSON from `db:on("query", ...)`. Other lines are skipped. Errors: VALIDATION (no events).
---@param text string
---@return table[] events
---@return integer skipped lines that are not events
function querylog.parse(text)
  local events, skipped = {}, 0
  for line in text:gmatch "[^\n]+" do
    local ok, event = pcall(rille.json.decode, line)
    if ok and type(event) == "table" and (type(event.sql) == "string" or event.event == "n_plus_one") then events[#events + 1] = event
    elseif line:find "%S" then skipped = skipped + 1 end
  end
  if #events == 0 then errors.raise("VALIDATION", "--log: no line is an event as db:on(\"query\", ...) gives it: a JSON object with `sql`") end
  return events, skipped
end

local function text_or_nil(value) return type(value) == "string" and value or nil end

-- What the client itself has found (events of "n_plus_one"); it knows the place in the application.
local function told(events, found)
  local seen = {}
  for _, event in ipairs(events) do
    if event.event == "n_plus_one" and type(event.message) == "string" then
      local key = tostring(event.place) .. tostring(event.shape)
      if not seen[key] then
        seen[key] = { times = 0, site = text_or_nil(event.place), model = text_or_nil(event.model), action = text_or_nil(event.action),
          message = event.message }
        found[#found + 1] = seen[key]
      end
      seen[key].times = math.max(seen[key].times, tonumber(event.count) or 0)
    end
  end
  return found
end

--- Returns statements that ran once for each row of another one.
---@param events table[]
---@return { times: integer, sql?: string, site?: string, message?: string, model?: string, action?: string }[]
function querylog.n_plus_one(events)
  local runs, worst, found = {}, {}, told(events, {})
  local i = 0
  for _, event in ipairs(events) do
    local sql = event.event ~= "n_plus_one" and event.sql
    i = i + 1
    if sql and sql:find "^%s*[Ss][Ee][Ll]" then
      local run = runs[sql]
      if not run or i - run.last > NEAR + 1 then
        run = { times = 0, seen = {} }
        runs[sql] = run
      end
      -- A loop over rows has another value each time. The same value again and again comes from independent callers.
      local asked = type(event.params) == "table" and rille.json.encode(event.params)
      if not asked or not run.seen[asked] then run.times = run.times + 1 end
      if asked then run.seen[asked] = true end
      run.last = i
      if run.times >= REPEATS then
        if not worst[sql] then
          worst[sql] = { sql = sql, times = 0, model = text_or_nil(event.model), action = text_or_nil(event.action) }
          found[#found + 1] = worst[sql]
        end
        worst[sql].times = math.max(worst[sql].times, run.times)
      end
    end
  end
  return found
end

local function placeholders(sql)
  local highest, marks = 0, 0
  local bare = sql:gsub("'[^']*'", ""):gsub('"[^"]*"', "")
  for n in bare:gmatch "[$?](%d+)" do highest = math.max(highest, tonumber(n)) end
  for _ in bare:gmatch "%?%f[^%d?]" do marks = marks + 1 end
  return highest > 0 and highest or marks
end

local function is_pattern(operator) return operator:upper():find "LIKE$" ~= nil end

-- Returns the columns of a table that the conditions of a statement compare, and separately those that are only searched by patterns, which no
-- ordinary index serves.
local function compared(sql, table_name, alias)
  local columns, searched, seen = {}, {}, {}
  local where = sql:match "[Ww][Hh][Ee][Rr][Ee](.*)" or ""
  local function add(column, operator)
    if seen[column] then return end
    seen[column] = true
    local list = is_pattern(operator) and searched or columns
    list[#list + 1] = column
  end
  for owner, column, operator in where:gmatch '"?([%w_]+)"?%."([^"]+)"%s*([=<>IiLlBb]%a*)' do
    if owner == table_name or owner == alias then add(column, operator) end
  end
  for column, operator in where:gmatch '[%s(]"([^".]+)"%s*([=<>IiLlBb]%a*)' do
    if not where:find('"' .. column:gsub("%p", "%%%0") .. '"%.') then add(column, operator) end
  end
  return columns, searched
end

-- Returns those that the condition of a plan node names: an index has already handled the others.
local function named(columns, filter)
  local found = {}
  for _, column in ipairs(columns) do
    if filter:find("%f[%w_]" .. column:gsub("%p", "%%%0") .. "%f[^%w_]") then found[#found + 1] = column end
  end
  return found
end

local function alias_target(sql, name)
  return sql:match('"([^"]+)"%s+[Aa][Ss]%s+"?' .. name:gsub("%p", "%%%0") .. '"?%f[%W]') or name
end

local STATEMENT = { alias_target = alias_target, compared = compared, named = named, placeholders = placeholders }

--- Returns statements of the log that read a whole table to find rows by conditions.
---@param db rille.Client
---@param provider rille.Provider
---@param events table[]
---@return { table: string, columns: string[], pattern?: boolean, sql: string, times: integer }[]
---@return integer unexplained statements that the database did not explain
function querylog.unindexed(db, provider, events)
  local seen, order, by_place, unexplained = {}, {}, {}, 0
  local scans_of = database.of(provider).scans
  for _, event in ipairs(events) do
    local statement = event.sql and seen[event.sql]
    if statement == nil and event.sql and event.sql:find "^%s*[SsUuDdWw][EePpIi][LlDdTt]" then
      local ok, scans = pcall(scans_of, db, event.sql, STATEMENT)
      if not ok then unexplained = unexplained + 1 end
      statement = ok and scans or {}
      seen[event.sql] = statement
    end
    for _, scan in ipairs(statement or {}) do
      local key = scan.table .. "\0" .. table.concat(scan.columns, "\0") .. (scan.pattern and "\0\0" or "")
      local found = by_place[key]
      if not found then
        found = { table = scan.table, columns = scan.columns, pattern = scan.pattern, sql = event.sql, times = 0 }
        by_place[key] = found
        order[#order + 1] = found
      end
      found.times = found.times + 1
    end
  end
  return order, unexplained
end

return querylog
