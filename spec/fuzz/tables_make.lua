-- Random calls that fit the schema.
local rille = require "rille"

local make = {}

make.SCHEMA = [[
enum Kind {
  a
  b
  c
}

model User {
  id     BigInt    @id @default(autoincrement())
  /// @trim
  /// @length ..200
  email  String    @unique
  /// @lowercase
  /// @pattern ^[^%c]*$
  name   String?
  /// @range -1000..
  age    Int?
  big    BigInt?
  price  Decimal? /// @range ..1e12
  ratio  Float?
  active Boolean   @default(false)
  at     DateTime?
  data   Json?
  bytes  Bytes?
  kind   Kind?
  posts  Post[]
  profile Profile?

  @@unique([name, age])
}

model Post {
  id       String  @id @default(uuid())
  title    String
  views    Int     @default(0)
  body     Json    @default("{}")
  authorId BigInt?
  author   User?   @relation(fields: [authorId], references: [id], onDelete: SetNull)
  parentId String?
  parent   Post?   @relation("Replies", fields: [parentId], references: [id], onDelete: SetNull, onUpdate: NoAction)
  replies  Post[]  @relation("Replies")
  tags     Tag[]
}

model Profile {
  userId BigInt  @id
  bio    String?
  user   User    @relation(fields: [userId], references: [id], onDelete: Cascade)
}

model Tag {
  id    Int    @id
  name  String @unique
  posts Post[]
}
]]

local MODELS = {
  user = { name = "User", unique = { "id", "email", "name_age" },
    fields = { id = "big", email = "text", name = "text", age = "int", big = "big", price = "decimal", ratio = "float", active = "bool", at = "time",
      data = "json", bytes = "bytes", kind = "enum" },
    relations = { posts = { "post", true }, profile = { "profile" } } },
  post = { name = "Post", unique = { "id" }, fields = { id = "text", title = "text", views = "int", body = "json", authorId = "big", parentId = "text" },
    relations = { author = { "user" }, parent = { "post" }, replies = { "post", true }, tags = { "tag", true } } },
  profile = { name = "Profile", unique = { "userId" }, fields = { userId = "big", bio = "text" }, relations = { user = { "user" } } },
  tag = { name = "Tag", unique = { "id", "name" }, fields = { id = "int", name = "text" }, relations = { posts = { "post", true } } },
}

local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local NEVER_NULL = { User = "id email active", Post = "id title views body", Profile = "userId", Tag = "id name" }

local function nullable(model, field) return not (" " .. NEVER_NULL[model.name] .. " "):find(" " .. field .. " ", 1, true) end

local NAMES = sorted(MODELS)
for _, model in pairs(MODELS) do
  model.field_names, model.relation_names = sorted(model.fields), sorted(model.relations)
end

local function pick(random, list) return list[random(1, #list)] end

local TEXTS = { "a", "b", "user1", "user2", "t1", "t", "p1", "q2", "tag1", "", "%", "_", "\\", "'; --", "é", "A", ("x"):rep(300) }
local TIMES = { "2020-01-01", "2020-01-02T00:00:00Z", "2020-01-02T00:00:00.123456+02:00", 0, 1577836800, 1577836800.5 }

local value_of = {
  int = function(random) return pick(random, { 0, 1, 2, 3, 4, 5, -1, 2147483647, random(1, 100) }) end,
  big = function(random) return pick(random, { 1, 2, 9007199254740993, -5 }) end,
  float = function(random) return pick(random, { 0.5, 1, 1.5, -2, 1e300, 1e-300, 0 }) end,
  decimal = function(random) return pick(random, { "1.5", 2, rille.decimal "1.50", "0.1", rille.decimal "123456789012345678901234567890.5", -1.25 }) end,
  bool = function(random) return random(0, 1) == 1 end,
  text = function(random) return pick(random, TEXTS) end,
  enum = function(random) return pick(random, { "a", "b", "c" }) end,
  bytes = function(random) return pick(random, { "", "\0\255", "abc" }) end,
  time = function(random)
    if random(1, 5) == 1 then return os.date("!*t", 1577836800) end
    return pick(random, TIMES)
  end,
}

local function json(random, depth)
  local choice = random(1, depth > 2 and 6 or 8)
  if choice == 1 then return pick(random, { true, false }) end
  if choice == 2 then return pick(random, { 1, 1.5, -7, 1e20 }) end
  if choice == 3 then return pick(random, TEXTS) end
  if choice == 4 then return depth == 0 and rille.json_null or rille.null end
  if choice == 5 then return pick(random, { rille.array, rille.object }) {} end
  if choice == 6 then return { year = 2020, month = 1, day = 1 } end
  local out = {}
  for i = 1, random(1, 3) do out[choice == 7 and i or pick(random, { "k", "list", "set", "in_", "not_", "where", "path" })] = json(random, depth + 1) end
  return out
end

local function value(random, kind) return kind == "json" and json(random, 0) or kind ~= "json" and value_of[kind](random) end

local function list_of(random, kind)
  local out = {}
  for i = 1, pick(random, { 0, 1, 2, 3, 7 }) do out[i] = value(random, kind) end
  return out
end

local function json_filter(random)
  return pick(random, { { equals = json(random, 0) }, { path = { "k" }, equals = json(random, 0) }, { path = { "list" }, array_contains = { 1 } },
    { path = { "list", "0" }, gt = 0 }, { path = { "k" }, string_contains = "a" }, { not_ = json(random, 0) }, rille.any_null, rille.db_null,
    { array_starts_with = 1, path = { "list" } } })
end

local function scalar_filter(random, model, field, depth)
  local kind = model.fields[field]
  if kind == "json" then return json_filter(random) end
  local choice = random(1, 10)
  if choice <= 3 then return value(random, kind) end
  if choice == 4 and nullable(model, field) then return rille.null end
  if choice == 5 then return { [pick(random, { "in_", "not_in", "in" })] = list_of(random, kind) } end
  if choice == 6 and depth < 3 then return { [pick(random, { "not", "not_" })] = scalar_filter(random, model, field, depth + 1) } end
  if choice == 7 and kind == "text" then
    return { [pick(random, { "contains", "starts_with", "ends_with" })] = value(random, kind), mode = pick(random, { "insensitive", "default" }) }
  end
  if choice == 8 then return { [pick(random, { "equals", "lt", "gte" })] = rille.field(model.name, field) } end
  if kind == "bool" then return { equals = value(random, kind) } end
  return { [pick(random, { "lt", "lte", "gt", "gte", "equals" })] = value(random, kind) }
end

local function where_of(random, name, depth)
  local model, out = MODELS[name], {}
  for _ = 1, random(depth == 0 and 1 or 0, 2) do
    local choice = random(1, depth > 3 and 6 or 10)
    if choice <= 6 then
      local field = pick(random, model.field_names)
      out[field] = scalar_filter(random, model, field, 0)
    elseif choice <= 8 then
      local list = {}
      for i = 1, random(0, 3) do list[i] = where_of(random, name, depth + 1) end
      out[pick(random, { "AND", "OR", "NOT" })] = random(1, 4) == 1 and where_of(random, name, depth + 1) or list
    else
      local relation = pick(random, model.relation_names)
      local target = model.relations[relation]
      local key = target[2] and pick(random, { "some", "every", "none" }) or pick(random, { "is", "is_not" })
      out[relation] = { [key] = where_of(random, target[1], depth + 1) }
    end
  end
  return out
end

local function unique_of(random, name)
  local model = MODELS[name]
  local key = pick(random, model.unique)
  if key == "name_age" then return { name_age = { name = value(random, "text"), age = value(random, "int") } } end
  return { [key] = value(random, model.fields[key]) }
end

local data_of

local function nested(random, target, is_list, depth, updating)
  local ways = { "create", "connect", "connect_or_create", is_list and "create_many" or "create" }
  for _, way in ipairs(updating and { "disconnect", "delete", "update", "upsert" } or {}) do ways[#ways + 1] = way end
  for _, way in ipairs(updating and is_list and { "set", "delete_many", "update_many" } or {}) do ways[#ways + 1] = way end
  local way = pick(random, ways)
  if way == "create" then return { create = data_of(random, target, depth + 1) } end
  if way == "connect" then return { connect = unique_of(random, target) } end
  if way == "connect_or_create" then return { [way] = { where = unique_of(random, target), create = data_of(random, target, depth + 1) } } end
  if way == "create_many" then return { create_many = { data = { data_of(random, target, 9) } } } end
  if way == "set" then return { set = is_list and { unique_of(random, target) } or {} } end
  if way == "delete_many" then return { delete_many = where_of(random, target, 1) } end
  if way == "update_many" then return { update_many = { where = where_of(random, target, 1), data = data_of(random, target, 9, true) } } end
  if way == "upsert" then
    return { upsert = { where = is_list and unique_of(random, target) or nil, create = data_of(random, target, depth + 1),
      update = data_of(random, target, depth + 1, true) } }
  end
  if way == "update" then
    local data = data_of(random, target, depth + 1, true)
    return { update = is_list and { where = unique_of(random, target), data = data } or data }
  end
  return { [way] = is_list and unique_of(random, target) or true }
end

local REQUIRED = { user = { "email" }, post = { "title" }, profile = { "userId" }, tag = { "id", "name" } }

function data_of(random, name, depth, updating)
  local model, out = MODELS[name], {}
  for _, field in ipairs(updating and {} or REQUIRED[name]) do
    out[field] = model.fields[field] == "text" and "n" .. random(1, 1000) or random(1, 1000)
  end
  for _ = 1, random(0, 3) do
    local field = pick(random, model.field_names)
    local kind = model.fields[field]
    if updating and random(1, 3) == 1 and (kind == "int" or kind == "float" or kind == "decimal" or kind == "big") then
      out[field] = { [pick(random, { "increment", "decrement", "multiply", "divide", "set" })] = value(random, kind) }
    elseif random(1, 6) == 1 and nullable(model, field) then
      out[field] = rille.null
    else
      out[field] = value(random, kind)
    end
  end
  if depth < 3 and random(1, 3) == 1 then
    local relation = pick(random, model.relation_names)
    local target = model.relations[relation]
    out[relation] = nested(random, target[1], target[2], depth, updating)
  end
  return out
end

local function order_of(random, name, depth)
  local model, out = MODELS[name], {}
  for i = 1, random(1, 2) do
    local choice, relation = random(1, 6), pick(random, model.relation_names)
    local target = model.relations[relation]
    if choice == 1 and target[2] then
      out[i] = { [relation] = { _count = pick(random, { "asc", "desc" }) } }
    elseif choice == 1 and depth < 2 then
      out[i] = { [relation] = order_of(random, target[1], depth + 1)[1] }
    else
      local field = pick(random, model.field_names)
      out[i] = { [field] = random(1, 4) == 1 and { sort = "asc", nulls = pick(random, { "first", "last" }) } or pick(random, { "asc", "desc" }) }
    end
  end
  return out
end

local read_of

local function shape(random, name, args, depth)
  local model, choice = MODELS[name], random(1, 4)
  if choice == 1 then
    args.select = { [pick(random, model.field_names)] = random(1, 4) > 1, [pick(random, model.field_names)] = true }
  elseif choice == 2 then
    args.omit = { [pick(random, model.field_names)] = true }
  elseif choice == 3 and depth < 3 then
    local relation = pick(random, model.relation_names)
    local target = model.relations[relation]
    local inner = target[2] and read_of(random, target[1], depth + 1) or shape(random, target[1], {}, depth + 1)
    args.include = { [relation] = random(1, 3) == 1 or inner, _count = random(1, 5) == 1 or nil }
  end
  return args
end

function read_of(random, name, depth)
  local args = {}
  if random(1, 3) > 1 then args.where = where_of(random, name, depth) end
  if random(1, 2) == 1 then args.order_by = order_of(random, name, 0) end
  if random(1, 3) == 1 then args.take = pick(random, { 0, 1, 2, 10, -2 }) end
  if random(1, 4) == 1 then args.skip = random(0, 3) end
  if random(1, 8) == 1 then args.cursor = unique_of(random, name) end
  if random(1, 8) == 1 then args.distinct = { pick(random, MODELS[name].field_names) } end
  return shape(random, name, args, depth)
end

local function aggregates(random, name, args)
  args._count = pick(random, { true, { _all = true } })
  if name == "user" then args[pick(random, { "_sum", "_avg", "_min", "_max" })] = { [pick(random, { "age", "ratio", "price", "big" })] = true } end
  return args
end

local arguments = {
  find_unique = function(random, name) return shape(random, name, { where = unique_of(random, name) }, 0) end,
  find_first = function(random, name) return read_of(random, name, 0) end,
  create = function(random, name) return shape(random, name, { data = data_of(random, name, 0) }, 1) end,
  create_many = function(random, name) return { data = { data_of(random, name, 9), data_of(random, name, 9) }, skip_duplicates = random(1, 2) == 1 or nil } end,
  update = function(random, name) return shape(random, name, { where = unique_of(random, name), data = data_of(random, name, 0, true) }, 1) end,
  update_many = function(random, name)
    return { where = where_of(random, name, 0), data = data_of(random, name, 9, true), limit = random(1, 4) == 1 and random(0, 3) or nil }
  end,
  upsert = function(random, name)
    return { where = unique_of(random, name), create = data_of(random, name, 0), update = data_of(random, name, 0, true) }
  end,
  upsert_many = function(random, name)
    local unique = MODELS[name].unique
    return { data = { data_of(random, name, 9), data_of(random, name, 9) }, on = { unique[random(1, math.min(2, #unique))] },
      update = pick(random, { "all", { MODELS[name].field_names[1] } }) }
  end,
  delete = function(random, name) return { where = unique_of(random, name) } end,
  delete_many = function(random, name) return { where = where_of(random, name, 0), limit = random(1, 3) == 1 and random(0, 3) or nil } end,
  count = function(random, name)
    return { where = where_of(random, name, 0), take = random(1, 4) == 1 and random(0, 3) or nil, select = random(1, 5) == 1 and { _all = true } or nil }
  end,
  aggregate = function(random, name) return aggregates(random, name, { where = where_of(random, name, 0) }) end,
  group_by = function(random, name)
    local field = pick(random, MODELS[name].field_names)
    return aggregates(random, name, { by = { field }, where = where_of(random, name, 0), order_by = { [field] = "asc" },
      having = random(1, 3) == 1 and { [field] = scalar_filter(random, MODELS[name], field, 0) } or nil })
  end,
  exists = function(random, name) return { where = where_of(random, name, 0) } end,
}
arguments.find_unique_or_throw, arguments.find_first_or_throw, arguments.find_many = arguments.find_unique, arguments.find_first, arguments.find_first
arguments.create_many_and_return, arguments.update_many_and_return = arguments.create_many, arguments.update_many
local METHODS = sorted(arguments)

--- { model, method, args, way }: `way` says how the method is reached where it is not called itself.
function make.call(random)
  local name, method = pick(random, NAMES), pick(random, METHODS)
  local call, choice = { model = name, method = method, args = arguments[method](random, name) }, random(1, 20)
  if choice == 1 then call.method, call.args, call.way = "find_many", read_of(random, name, 0), "each" end
  if choice == 2 then
    call.way, call.args.action = "explain", method
  elseif choice == 3 then
    call.way, call.args = "validate", data_of(random, name, 0)
  elseif choice == 4 then
    call.way = "batch"
  elseif choice == 5 then
    call.way = "transaction"
  end
  return call
end

return make
