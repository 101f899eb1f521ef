-- Attempts to read or write rows of the other tenant, made from tables of methods and forms. Each is { name, run, expect }, where run(db) makes the call
-- with a client that has the scope, and expect is "nothing" (an error, or a result without rows), "error", or nil: whatever it returns, as long as it
-- tells nothing.
local rille = require "rille"

local attempts = {}

-- Keys of rows of the other tenant.
local KEYS = {
  user = { { id = 101 }, { email = "s3cret2" }, { tenantId_name = { tenantId = 8, name = "s3cretn1" } }, { id = 102, karma = 5 } },
  profile = { { id = 101 }, { bio = "s3cretb2" }, { userId = 101 } },
  post = { { id = 101 }, { tenantId_slug = { tenantId = 8, slug = "s3crets1" } }, { id = 102, authorId = 101 } },
  comment = { { id = 101 }, { id = 109 } },
  tag = { { id = 101 }, { name = "s3cretg2" } },
}
-- Conditions that other rows meet.
local WHERES = {
  user = { { id = 101 }, { tenantId = 8 }, { tenantId = { ["not"] = 7 } }, { OR = { { id = 101 }, { tenantId = 8 } } }, { NOT = { tenantId = 7 } },
    { email = { starts_with = "s3cret" } }, { posts = { some = { tenantId = 8 } }, id = { gt = 100 } } },
  profile = { { id = 101 }, { tenantId = { ["in"] = { 8 } } }, { user = { email = { contains = "s3cret" } } }, { user = { is = { tenantId = 8 } } } },
  post = { { id = 101 }, { tenantId = 8 }, { author = { email = { contains = "s3cret" } } }, { author = { is = { tenantId = 8 } } },
    { parent = { tenantId = 8 } },
    { tags = { some = { name = { contains = "s3cret" } } } }, { comments = { some = { text = { contains = "s3cret" } } } },
    { children = { some = { title = { contains = "s3cret" } } } }, { children = { some = { children = { some = { tenantId = 8 } } } } },
    { author = { posts = { some = { title = { contains = "s3cret" } } } } } },
  comment = { { id = 109 }, { post = { title = { contains = "s3cret" } } }, { post = { author = { email = { contains = "s3cret" } } } },
    { author = { id = 101 } } },
  tag = { { id = 101 }, { posts = { some = { title = { contains = "s3cret" } } } }, { AND = { { tenantId = { gte = 8 } } } } },
}
local DATA = {
  user = { create = { id = 50, email = "fresh" }, update = { karma = 99 } },
  profile = { create = { id = 50, bio = "fresh" }, update = { bio = "changed" } },
  post = { create = { id = 50, slug = "fresh", title = "fresh", authorId = 1 }, update = { title = "changed" } },
  comment = { create = { id = 50, text = "fresh", postId = 1 }, update = { text = "changed" } },
  tag = { create = { id = 50, name = "fresh" }, update = { name = "changed" } },
}
local MODELS = { "user", "profile", "post", "comment", "tag" }

local function copy(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

local function with(t, more)
  local out = copy(t)
  for k, v in pairs(more) do out[k] = v end
  return out
end

local function add(list, expect, name, run) list[#list + 1] = { name = name, run = run, expect = expect } end

local function call(list, expect, model, method, args, note)
  add(list, expect, ("%s:%s %s"):format(model, method, note), function(db)
    if method ~= "each" then return db[model][method](db[model], args) end
    local rows = {}
    for row in db[model]:each(args) do rows[#rows + 1] = row end
    return rows
  end)
end

-- ------------------------------------------------------------------------------------------------------------------------------------------- reads

local function reads(list)
  for _, model in ipairs(MODELS) do
    for i, key in ipairs(KEYS[model]) do
      local note = "key " .. i
      call(list, "nothing", model, "find_unique", { where = key }, note)
      call(list, "error", model, "find_unique_or_throw", { where = key }, note)
      call(list, "nothing", model, "find_many", { cursor = key, order_by = { id = "asc" } }, note)
      call(list, "nothing", model, "find_many", { cursor = key, take = -3 }, note)
      call(list, "nothing", model, "find_first", { cursor = key, take = 3, skip = 1 }, note)
      call(list, "nothing", model, "count", { cursor = key, order_by = { id = "asc" } }, note)
      call(list, "nothing", model, "find_many", { where = { OR = { key.id and { id = key.id } or { id = 101 }, { tenantId = 8 } } } }, note)
      call(list, nil, model, "explain", { action = "find_unique", where = key }, note)
    end
    for i, where in ipairs(WHERES[model]) do
      local note = "where " .. i
      for _, method in ipairs { "find_many", "find_first", "count", "exists", "each", "paginate" } do call(list, "nothing", model, method,
        { where = where }, note) end
      call(list, "error", model, "find_first_or_throw", { where = where }, note)
      call(list, "nothing", model, "aggregate", { where = where, _count = true, _max = { id = true } }, note)
      call(list, "nothing", model, "group_by", { where = where, by = { "tenantId" }, _count = true }, note)
      call(list, "nothing", model, "find_many", { where = where, as = "json" }, note)
      call(list, "nothing", model, "find_many", { where = where, order_by = { id = "desc" }, take = -2 }, note)
      call(list, "nothing", model, "find_many", { where = where, distinct = { "tenantId" } }, note)
    end
  end
end

-- What our rows lead to.
local function includes(list)
  local post, own = { order_by = { id = "asc" } }, { where = { id = { lt = 100 } } }
  for _, include in ipairs { { author = true }, { tags = true }, { comments = true }, { children = true }, { parent = true }, { _count = true },
    { author = { include = { posts = true, comments = true, profile = true } } }, { comments = { include = { author = true, post = true } } },
    { children = { recursive = true } }, { children = { recursive = true, depth = 2, include = { author = true } } }, { parent = { recursive = true } },
    { tags = { include = { posts = true } } }, { tags = { cursor = { id = 101 } } }, { comments = { take = 5, order_by = { id = "desc" } } },
    { _count = { select = { comments = { where = { text = { contains = "s3cret" } } } } } }, { children = { distinct = { "tenantId" } } } } do
    for _, method in ipairs { "find_many", "find_first", "each", "paginate" } do call(list, nil, "post", method, with(post, { include = include }),
      "include") end
    call(list, nil, "post", "find_many", { include = include, as = "json" }, "include")
    call(list, nil, "post", "find_unique", { where = { id = 9 }, include = include }, "include")
    call(list, nil, "post", "update", { where = { id = 9 }, data = { views = 3 }, include = include }, "include")
  end
  for _, include in ipairs { { posts = true }, { profile = true }, { comments = true }, { _count = true }, { posts = { include = { children = true } } } } do
    for _, method in ipairs { "find_many", "find_first" } do call(list, nil, "user", method, with(own, { include = include }), "include") end
  end
  for _, order in ipairs { { author = { name = "asc" } }, { author = { karma = "desc" } }, { parent = { title = "asc" } },
    { parent = { author = { email = "desc" } } },
    { comments = { _count = "desc" } }, { children = { _count = "asc" } }, { tags = { _count = "desc" } }, { author = { posts = { _count = "desc" } } } } do
    for _, method in ipairs { "find_many", "find_first", "paginate", "each" } do call(list, nil, "post", method, { order_by = { order, { id = "asc" } } },
      "order_by") end
  end
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ writes

local function writes(list)
  for _, model in ipairs(MODELS) do
    local data = DATA[model]
    for i, key in ipairs(KEYS[model]) do
      local note = "key " .. i
      call(list, "error", model, "update", { where = key, data = data.update }, note)
      call(list, "error", model, "update", { where = key, data = {} }, note)
      call(list, "error", model, "delete", { where = key }, note)
      call(list, nil, model, "upsert", { where = key, create = data.create, update = data.update }, note)
      local again = with(data.create, (key.tenantId_name or key.tenantId_slug) and {} or key)
      call(list, key.tenantId_name == nil and key.tenantId_slug == nil and not key.authorId and "error" or nil, model, "upsert",
        { where = key, create = again, update = data.update }, note .. " again")
      call(list, nil, model, "create", { data = again }, note)
    end
    for i, where in ipairs(WHERES[model]) do
      local note = "where " .. i
      call(list, "nothing", model, "update_many", { where = where, data = data.update }, note)
      call(list, "nothing", model, "update_many", { where = where, data = data.update, limit = 1 }, note)
      call(list, "nothing", model, "update_many_and_return", { where = where, data = data.update }, note)
      call(list, "nothing", model, "delete_many", { where = where }, note)
    end
    for id = 101, 102 do
      call(list, "nothing", model, "update_many", { data = { with(data.update, { id = id }) }, on = "id" }, "rows")
      call(list, "nothing", model, "update_many_and_return", { data = { with(data.update, { id = id }) }, on = "id" }, "rows")
      call(list, "error", model, "upsert_many", { data = { data.create, with(data.create, { id = id }) }, on = "id" }, "rows")
      call(list, "nothing", model, "create_many", { data = { with(data.create, { id = id }) }, skip_duplicates = true }, "rows")
      call(list, "error", model, "create", { data = with(data.create, { id = id }) }, "taken")
      call(list, "error", model, "create_many", { data = { data.create, with(data.create, { id = id }) } }, "taken")
    end
    call(list, nil, model, "update_many", { where = rille.all, data = model == "post" and { title = "all" } or model == "user" and { karma = 1 } or
      model == "comment" and { text = "all" } or { tenantId = 7 } }, "all")
  end
  call(list, nil, "comment", "delete_many", { where = rille.all }, "all")
end

-- Moving rows to the other tenant, or making them there.
local function moves(list)
  for _, model in ipairs(MODELS) do
    local data = DATA[model]
    for _, out in ipairs { 8, { set = 8 }, { increment = 1 } } do
      call(list, "error", model, "update", { where = { id = 1 }, data = { tenantId = out } }, "moves")
      call(list, "error", model, "update_many", { where = { id = 1 }, data = { tenantId = out } }, "moves")
      call(list, "error", model, "update_many_and_return", { where = rille.all, data = { tenantId = out } }, "moves")
      call(list, "error", model, "upsert", { where = { id = 1 }, create = data.create, update = { tenantId = out } }, "moves")
    end
    local foreign = with(data.create, { tenantId = 8 })
    call(list, "error", model, "create", { data = foreign }, "moves")
    call(list, "error", model, "create_many", { data = { foreign } }, "moves")
    call(list, "error", model, "create_many_and_return", { data = { data.create, with(foreign, { id = 51, email = foreign.email and "other",
      bio = foreign.bio and "other",
      slug = foreign.slug and "other", name = foreign.name and "other" }) } }, "moves")
    call(list, "error", model, "upsert", { where = { id = 50 }, create = foreign, update = data.update }, "moves")
    call(list, "error", model, "upsert_many", { data = { foreign }, on = "id" }, "moves")
    call(list, "error", model, "update_many", { data = { { id = 1, tenantId = 8 } }, on = "id" }, "moves")
    call(list, "error", model, "upsert_many", { data = { with(foreign, { id = 1 }) }, on = "id" }, "moves")
  end
end

-- Foreign keys written directly.
local function keys(list)
  local fields = { { "post", "authorId" }, { "post", "parentId" }, { "comment", "postId" }, { "comment", "authorId" }, { "profile", "userId" } }
  for _, pair in ipairs(fields) do
    local model, name = pair[1], pair[2]
    local data = DATA[model]
    for _, id in ipairs { 101, 102, 103, 999 } do
      local key, made = { [name] = id }, with(data.create, { [name] = id })
      local note = name .. "=" .. id
      call(list, "error", model, "create", { data = made }, note)
      call(list, "error", model, "create_many", { data = { made } }, note)
      call(list, "error", model, "create_many_and_return", { data = { made } }, note)
      call(list, "error", model, "update", { where = { id = 1 }, data = key }, note)
      call(list, "error", model, "update", { where = { id = 1 }, data = { [name] = { set = id } } }, note)
      call(list, "error", model, "update_many", { where = { id = 1 }, data = key }, note)
      call(list, "error", model, "update_many_and_return", { where = { id = 1 }, data = key }, note)
      call(list, "error", model, "update_many", { data = { with(key, { id = 1 }) }, on = "id" }, note)
      call(list, "error", model, "upsert", { where = { id = 50 }, create = made, update = {} }, note)
      call(list, "error", model, "upsert", { where = { id = 1 }, create = data.create, update = key }, note)
      call(list, "error", model, "upsert", { where = { id = 1 }, create = with(data.create, { id = 1 }), update = key }, note)
      call(list, "error", model, "upsert_many", { data = { made }, on = "id" }, note)
      call(list, "error", model, "upsert_many", { data = { with(made, { id = 1 }) }, on = "id" }, note)
    end
  end
end

-- ------------------------------------------------------------------------------------------------------------------------------- nested writes

-- Operations on a relation with rows of the other tenant: { name, value }.
local function operations(model, many)
  local data, out = DATA[model], {}
  local function op(name, value) out[#out + 1] = { name, value } end
  for _, key in ipairs(KEYS[model]) do
    op("connect", many and { key } or key)
    op("connect_or_create", many and { { where = key, create = with(data.create, key.id and { id = key.id } or {}) } } or { where = key, create = data.create })
    if many then
      op("disconnect", { key })
      op("set", { key })
      op("delete", { key })
      op("update", { { where = key, data = data.update } })
      op("upsert", { { where = key, create = with(data.create, key.id and { id = key.id } or {}), update = data.update } })
    end
  end
  op("create", many and { with(data.create, { tenantId = 8 }) } or with(data.create, { tenantId = 8 }))
  op("create", many and { with(data.create, { id = 101 }) } or with(data.create, { id = 101 }))
  if many then
    op("set", {})
    for _, where in ipairs(WHERES[model]) do
      op("delete_many", { where })
      op("update_many", { { where = where, data = data.update } })
    end
    op("delete_many", rille.all)
    op("update_many", { where = {}, data = { tenantId = 8 } })
  else
    op("update", data.update)
    op("update", { tenantId = 8 })
    op("upsert", { create = data.create, update = data.update })
    op("disconnect", true)
    op("delete", true)
    op("delete", { tenantId = 8 })
  end
  return out
end

local RELATIONS = {
  { "user", "posts", "post", true }, { "user", "comments", "comment", true }, { "user", "profile", "profile" }, { "post", "author", "user" },
  { "post", "parent", "post" }, { "post", "children", "post", true }, { "post", "comments", "comment", true }, { "post", "tags", "tag", true },
  { "comment", "post", "post" }, { "comment", "author", "user" }, { "tag", "posts", "post", true }, { "profile", "user", "user" },
}

local function nested(list)
  for _, relation in ipairs(RELATIONS) do
    local model, name = relation[1], relation[2]
    for i, op in ipairs(operations(relation[3], relation[4])) do
      local note = ("%s.%s %d"):format(name, op[1], i)
      local data = { [name] = { [op[1]] = op[2] } }
      for _, id in ipairs { 1, 9, 3 } do
        if id ~= 9 or model == "post" or model == "comment" then call(list, nil, model, "update", { where = { id = id }, data = data }, note) end
      end
      local made = with(DATA[model].create, data)
      made[name .. "Id"] = nil
      call(list, nil, model, "create", { data = made }, note)
      call(list, nil, model, "upsert", { where = { id = 1 }, create = DATA[model].create, update = data }, note)
    end
  end
  for _, id in ipairs { 101, 102 } do
    local deep = { posts = { update = { { where = { id = 1 }, data = { comments = { connect = { { id = id } } } } } } } }
    call(list, "error", "user", "update", { where = { id = 1 }, data = deep }, "deep connect")
    deep = { posts = { create = { { id = 60, slug = "deep", title = "deep", comments = { create = { { id = 61, text = "deep", authorId = id } } } } } } }
    call(list, "error", "user", "update", { where = { id = 1 }, data = deep }, "deep key")
    deep = { posts = { create_many = { data = { { id = 60, slug = "deep", title = "deep", parentId = id } } } } }
    call(list, "error", "user", "update", { where = { id = 1 }, data = deep }, "deep key in bulk")
    deep = { posts = { update_many = { { where = {}, data = { parentId = id } } } } }
    call(list, "error", "user", "update", { where = { id = 1 }, data = deep }, "deep update_many")
    call(list, "error", "user", "create_many", { data = { { id = 70, email = "bulk", posts = { connect = { { id = id } } } } } }, "bulk connect")
    call(list, "error", "post", "create_many", { data = { { id = 70, slug = "bulk", title = "bulk", authorId = 1,
      tags = { connect = { { id = id } } } } } }, "bulk link")
    call(list, "error", "user", "create_many", { data = { { id = 70, email = "bulk", posts = { create = { { id = 71, slug = "x", title = "x",
      parentId = id } } } } } }, "bulk key")
  end
end

-- --------------------------------------------------------------------------------------------------------------------------------------- the rest

local function raw(list)
  for name, run in pairs {
    ["query_raw"] = function(db) return db:query_raw 'SELECT * FROM "User"' end,
    ["query_raw of a fragment"] = function(db) return db:query_raw(rille.sql('SELECT * FROM "User" WHERE id = ?', 101)) end,
    ["execute_raw"] = function(db) return db:execute_raw 'UPDATE "User" SET karma = 66' end,
    ["execute_script"] = function(db) return db:execute_script 'DELETE FROM "Comment"; DELETE FROM "Tag"' end,
    ["query_raw in a batch"] = function(db) return db:batch(function(b) b:query_raw 'SELECT * FROM "User"' end) end,
    ["execute_raw in a batch"] = function(db) return db:batch(function(b) b.user:count {}; b:execute_raw 'UPDATE "User" SET karma = 66' end) end,
    ["query_raw in a transaction"] = function(db) return db:transaction(function(tx) return tx:query_raw 'SELECT * FROM "User"' end) end,
    ["of a derived client"] = function(db) return db:with { primary = true }:query_raw 'SELECT * FROM "User"' end,
  } do add(list, "error", name, run) end
end

-- Derived again, in transactions and batches, with scopes that would widen it.
local function derived(list)
  local ways = {
    transaction = function(db, fn) return db:transaction(fn) end,
    savepoint = function(db, fn) return db:transaction(function(tx) return tx:transaction(fn) end) end,
    batch = function(db, fn) return db:batch(fn) end,
    primary = function(db, fn) return fn(db:with { primary = true }) end,
    tags = function(db, fn) return fn(db:with { tags = { a = "b" } }) end,
    ["scope of the other"] = function(db, fn) return fn(db:with { scope = { ["*"] = { tenantId = 8 } }, except = { "country" } }) end,
    ["a wider scope"] = function(db, fn) return fn(db:with { scope = { ["*"] = { tenantId = { gt = 0 } } }, except = { "country", "user", "post" } }) end,
    unscoped = function(db, fn) return fn(db:with { unscoped = true }) end,
  }
  for name, way in pairs(ways) do
    for _, model in ipairs(MODELS) do
      add(list, "nothing", name .. " find_many " .. model, function(db) return way(db,
        function(x) return x[model]:find_many { where = { id = { gt = 100 } } } end) end)
      add(list, "nothing", name .. " find_unique " .. model, function(db) return way(db,
        function(x) return x[model]:find_unique { where = { id = 101 } } end) end)
      add(list, "error", name .. " delete " .. model, function(db) return way(db, function(x) return x[model]:delete { where = { id = 102 } } end) end)
      add(list, "nothing", name .. " update_many " .. model, function(db)
        return way(db, function(x) return x[model]:update_many { where = { id = { gt = 100 } }, data = DATA[model].update } end)
      end)
    end
  end
end

function attempts.all()
  local list = {}
  for _, make in ipairs { reads, includes, writes, moves, keys, nested, raw, derived } do make(list) end
  return list
end

return attempts
