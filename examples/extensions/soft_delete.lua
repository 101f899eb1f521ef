-- Posts are not deleted but get a date in `deletedAt`. Reads skip such posts, `restore` brings one back. A nested `delete` would delete the row, so it
-- is refused. Posts in an `include` are not skipped.
local rille = require "rille"

local query = {}

-- Calls whose `where` may have any conditions.
for _, action in ipairs { "find_unique", "find_unique_or_throw", "find_first", "find_first_or_throw", "find_many", "count", "exists", "aggregate",
  "group_by", "update_many" } do
  query[action] = function(call)
    local where = call.args.where
    if where == nil or where == rille.all then where = {} end
    where.AND = { where.AND or {}, { deletedAt = rille.null } }
    call.args.where = where
    return call.run(call.args)
  end
end

function query.delete(call)
  return call.db.post:update { where = call.args.where, data = { deletedAt = rille.now() }, select = call.args.select, include = call.args.include }
end

function query.delete_many(call)
  return call.db.post:update_many { where = call.args.where, data = { deletedAt = rille.now() } }
end

return {
  name = "soft delete",
  query = { post = query },
  model = { post = {
    ---@param where db.Post.WhereUnique
    ---@return db.Post
    restore = function(self, where) return self:update { where = where, data = { deletedAt = rille.null } } end,
  } },
  write = { post = { before = function(_, _, action)
    if action == "delete" then error("posts are not deleted in a nested write; use db.post:delete", 0) end
  end } },
}
