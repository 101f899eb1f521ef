--- The methods of models that the core does not have: each, validate, explain. Clear errors for unknown ones.
local core = require "rille.core"
local errors = require "rille.errors"
local explanation = require "rille.explanation"
local input = require "rille.input"
local options = require "rille.options"
local paginate = require "rille.paginate"
local wait = require "rille.wait"

local methods, own = core.methods, {}

local BATCH, MOST = 500, 1000000

local VALIDATE = options.declare("rille.ValidateOptions", {
  { "mode", "word", one_of = { "create", "update" }, doc = '"create"; "update": nothing is required' },
})

local ACTIONS = {}
for _, action in ipairs(core.actions) do ACTIONS[action.name] = action end

-- A decoded table stays itself, since a copy would have no mark: the core refuses it.
local function copy_without(args, key)
  if core.decoded(args) then return args end
  local copy = {}
  for k, v in pairs(core.plain(args, "the arguments")) do
    if k ~= key then copy[k] = v end
  end
  return copy
end

--- Iterates over the rows that find_many would return: `for row in db.user:each{ where = ... } do`. They are read in batches of `batch` (500) rows,
--- with their relations, so memory stays constant. All batches have the state of the database at the first: until the loop ends it holds a connection
--- with a read-only transaction. In a transaction it uses that one, which may do other things meanwhile. On SQLite, in memory or in a transaction that is
--- not read_only, all rows are read at the start, because writes share the connection.
--- With `as = "json"` it returns pieces of JSON text, one per batch: together they are the text that find_many returns.
---@param args? table as in find_many, and `batch`
---@return fun(): table|nil
function own.each(model, args)
  local size = type(args) == "table" and args.batch or BATCH
  if type(size) ~= "number" or size < 1 or size > MOST or size % 1 ~= 0 then
    options.refuse("each: batch", ("an integer from 1 to %d"):format(MOST), size, type(size) == "number" and tostring(size) or nil)
  end
  if type(args) == "table" and args.batch then args = copy_without(args, "batch") end
  return wait.stream(model, args, size)
end

--- Checks a table of data as create would, without sending anything: types, missing fields, rules. With `mode = "update"` as update would: nothing is
--- required.
---@param data table
---@param given? rille.ValidateOptions
---@return true|nil ok
---@return rille.Problem[]|nil problems all that is wrong, at most 1,000, in order of their paths
function own.validate(model, data, given)
  if type(data) ~= "table" then options.refuse("validate", "a table of data", data) end
  if given ~= nil then options.check(VALIDATE, given, "validate") end
  local found = core.faults(model, { data = data }, given and given.mode or "create")
  if not found then return true end
  for i, e in ipairs(found) do
    local path = tostring(e.meta.path or e.meta.field or "")
    found[i] = { number = i, field = (path:gsub("^data%.?", "")), code = e.code, message = e.text, rule = e.meta.rule }
  end
  table.sort(found, function(a, b) return a.field < b.field or a.field == b.field and a.number < b.number end)
  for _, problem in ipairs(found) do problem.number = nil end
  return nil, found
end

--- Returns what a form or a body from outside says, as data for create or update; or nil, the first message of each field, and all faults. Only the
--- fields of `allow` are read: `{ "title", tags = { "name" }, author = "connect" }`. Strings are cast by the schema, native types and rules are checked.
--- See docs/input.md. Errors: VALIDATION (the options).
---@param form any a table of rille.form, rille.json.decode or another decoder
---@param given rille.InputOptions
---@return table|nil input
---@return table<string, string>|nil errors the first message of each path; `base`: the form as a whole
---@return rille.InputFault[]|nil faults
function own.input(model, form, given) return input.read(model, form, given) end

--- Returns what a call would do, without doing it: its statements, each with the plan of the database, the steps, the round trips. Writes are not run.
--- `tostring` makes it readable.
---@param args table `action` (default "find_many"), and the arguments of that method
---@return rille.Explanation
function own.explain(model, args)
  if type(args) ~= "table" then options.refuse("explain", "a table, as in { action = \"find_many\", where = { ... } }", args) end
  local action = args.action
  if action ~= nil and type(action) ~= "string" then
    options.refuse("explain: action", "the name of a method, as in \"find_many\"", action)
  end
  if action and not ACTIONS[action] then
    local near = errors.nearest(action, ACTIONS)
    errors.raise("VALIDATION", "explain: unknown method `%s`%s", action, near and ("; did you mean `%s`?"):format(near) or "")
  end
  return explanation(core.explain(model, copy_without(args, "action"), args.action or "find_many"))
end

--- Returns one page of the rows that find_many would return: by number (`page`), or those `after` or `before` a token of another page. Strings of a
--- query string are converted and kept within bounds. Rows and total are one round trip, and show the same state of the database. `next` and
--- `previous` of the page are the tokens for `after` and `before`. Errors: INPUT with meta.status 400 (a page that is no integer; a token that is broken,
--- or of another order).
---@param args? rille.PaginateArgs
---@return rille.Page
function own.paginate(model, args) return paginate(model, args) end

for name in pairs(methods) do core.entries[name] = true end
errors.entries(own)
for name, method in pairs(own) do methods[name] = method end

setmetatable(methods, {
  __index = function(_, name)
    local near = errors.nearest(tostring(name), methods)
    errors.raise("VALIDATION", "models have no method `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
  end,
})

return methods
