-- Evaluates the methods that write. ctx.data is changed in place: who calls gives a copy.
local values = require "differential.values"
local where = require "differential.where"
local read = require "differential.read"
local nested = require "differential.nested"
local store = require "differential.store"

local write = {}

local function find(ctx, model, filter) return where.filter(ctx, model, filter, ctx.data.rows[model.name])[1] end

local function matching(ctx, model, filter) return where.filter(ctx, model, filter == values.all and {} or filter, ctx.data.rows[model.name]) end

function write.create(ctx, model, args) return read.project(ctx, model, nested.create(ctx, model, args.data), args) end

local function create_all(ctx, model, args)
  local made = {}
  for _, data in ipairs(args.data) do made[#made + 1] = store.insert(ctx, model, data, args.skip_duplicates) end
  return made
end

function write.create_many(ctx, model, args) return { count = #create_all(ctx, model, args) } end

local function project_all(ctx, model, list, args)
  local out = {}
  for i, row in ipairs(list) do out[i] = read.project(ctx, model, row, args) end
  return out
end

function write.create_many_and_return(ctx, model, args) return project_all(ctx, model, create_all(ctx, model, args), args) end

function write.update(ctx, model, args)
  local row = find(ctx, model, args.where) or error { code = "P2025" }
  nested.update(ctx, model, row, args.data)
  return read.project(ctx, model, row, args)
end

function write.upsert(ctx, model, args)
  local row = find(ctx, model, args.where)
  if row then nested.update(ctx, model, row, args.update) else row = nested.create(ctx, model, args.create) end
  return read.project(ctx, model, row, args)
end

function write.update_many(ctx, model, args)
  if next(args.data) == nil then return { count = 0 } end
  local list = matching(ctx, model, args.where)
  for _, row in ipairs(list) do store.change(ctx, model, row, args.data) end
  return { count = #list }
end

function write.update_many_and_return(ctx, model, args)
  local list = matching(ctx, model, args.where)
  for _, row in ipairs(list) do store.change(ctx, model, row, args.data) end
  return project_all(ctx, model, list, args)
end

function write.delete(ctx, model, args)
  local row = find(ctx, model, args.where) or error { code = "P2025" }
  local result = read.project(ctx, model, row, args)
  store.delete(ctx, model, { row })
  return result
end

function write.delete_many(ctx, model, args)
  local list = matching(ctx, model, args.where)
  store.delete(ctx, model, list)
  return { count = #list }
end

-- The rows of the result have no order of their own.
write.unordered = { create_many_and_return = true, update_many_and_return = true }

return write
