--- What models have beside the methods of the core: each, validate, explain; and a clear word on unknown ones.
local core = require "rille.core"
local errors = require "rille.errors"

local methods = core.methods

local BATCH = 100

local function copy_without(args, key)
  local copy = {}
  for k, v in pairs(args or {}) do
    if k ~= key then copy[k] = v end
  end
  return copy
end

-- Rows with their relations, a batch of parents at a time.
local function in_batches(model, page, size)
  local left = page.take or math.huge
  local offset = page.skip or 0
  local rows, position, ended = {}, 0, false
  local function fetch()
    page.take = math.min(size, left)
    page.skip = offset
    rows, position = model:find_many(page), 1
    offset, left = offset + #rows, left - #rows
    ended = #rows < page.take or left <= 0
  end
  return function()
    position = position + 1
    if rows[position] == nil and not ended then fetch() end
    local row = rows[position]
    rows[position] = nil
    return row
  end
end

--- Iterates over the rows that find_many would give: `for row in db.user:each{ where = ... } do`. Without relations the rows are streamed
--- one by one and memory stays constant; with relations they come in batches of `batch` parents (100), each a query of its own, so give an
--- order_by that ends in a unique field. While it streams, the loop holds a connection of the pool.
---@param args? table as of find_many, and `batch`
---@return fun(): table|nil
function methods.each(model, args)
  local size = type(args) == "table" and args.batch or BATCH
  if type(size) ~= "number" or size < 1 then errors.raise("VALIDATION", "`batch`: a number from 1 on is wanted") end
  if type(args) == "table" then args = copy_without(args, "batch") end
  local iterate, state, start, closer = core.stream(model, args)
  if iterate then return iterate, state, start, closer end
  args = args or {}
  if type(args.take) == "number" and args.take < 0 then
    local rows, position = model:find_many(args), 0
    return function()
      position = position + 1
      return rows[position]
    end
  end
  return in_batches(model, args, size)
end

--- Checks a data table as create would, without sending anything.
---@param data table
---@return true|nil ok
---@return { field: string, code: string, message: string }[]|nil problems what is wrong; for now the first fault
function methods.validate(model, data)
  if type(data) ~= "table" then errors.raise("VALIDATION", "validate takes a table of data, not a %s", type(data)) end
  local ok, e = pcall(core.check, model, { data = data }, "create")
  if ok then return true end
  if not errors.is_error(e) or e.kind ~= "validation" then error(e, 0) end
  local path = tostring(e.meta.path or e.meta.field or e.message:match "^`(.-)`" or "")
  return nil, { { field = (path:gsub("^data%.", "")), code = e.code, message = e.message } }
end

--- The SQL that a call would send, one text for all its statements. Nothing is run.
---@param args table `action` (default "find_many"), and the arguments of that method
---@return string sql
function methods.explain(model, args)
  if type(args) ~= "table" then errors.raise("VALIDATION", "explain takes a table: { action = \"find_many\", where = { ... } }") end
  return core.explain(model, copy_without(args, "action"), args.action or "find_many")
end

setmetatable(methods, {
  __index = function(_, name)
    local near = errors.nearest(tostring(name), methods)
    errors.raise("VALIDATION", "models have no method `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
  end,
})

return methods
