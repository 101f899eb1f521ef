--- Names that other tools use: finds the name that does the same here.
local meanings = {}

-- The first word is the name here, the others are what people write instead. Names are compared without case, underscores and punctuation.
local LINES = {
  -- methods of models
  "find_many all find findall select where filter query get_all list load fetch",
  "find_first first findone find_by find_one_by take_one last",
  "find_unique get find_by_id findbypk findbyid one by_id retrieve lookup",
  "find_unique_or_throw findorfail find_or_fail get_or_fail find_unique_or_raise find_strict",
  "find_first_or_throw first_or_fail first_or_throw first_strict",
  "create insert new add build save store make",
  "create_many insert_many bulk_create insert_all bulk_insert insert_list",
  "update modify patch edit set",
  "update_many update_all bulk_update",
  "upsert find_or_create insert_or_update update_or_create first_or_create create_or_update replace",
  "upsert_many upsert_all bulk_upsert",
  "delete remove destroy del erase",
  "delete_many delete_all destroy_all remove_all truncate bulk_delete",
  "count size length total",
  "aggregate sum avg average min max",
  "group_by group",
  "exists any has is_there",
  "each iterate iter stream rows find_each find_in_batches cursor nrows urows",
  -- methods of clients
  "query_raw query raw sql select query_raw_unsafe fetch_all fetch rows",
  "execute_raw execute exec run execute_raw_unsafe do_sql",
  "execute_script script exec_script run_script multi",
  "transaction begin atomic start_transaction begin_transaction commit rollback tx savepoint",
  "batch pipeline",
  "close end quit destroy shutdown",
  "on add_listener event use",
  "listen subscribe",
  "notify publish",
  "advisory_lock lock get_lock mutex",
  "with scoped session",
  "extend extends use_extension extension middleware",
  "metrics stats",
  -- options
  "url uri dsn database connection connection_string database_url datasource_url db filename path",
  "schema schema_path schema_file",
  "schema_text schema_string",
  "log logging logger debug verbose",
  "pool connections pool_size",
  "replicas read_replicas replica",
  "omit exclude hidden",
  "size max connection_limit max_connections limit",
  "wait timeout pool_timeout acquire_timeout",
  "idle idle_timeout",
  "timeout statement_timeout time_limit",
  "isolation_level isolation level",
  "retries retry attempts max_retries",
  "max_wait wait",
  "accept_data_loss force",
}

local function plain(name) return (name:lower():gsub("[_%$%s]", "")) end

local by_word
local function read_lines()
  by_word = {}
  for _, line in ipairs(LINES) do
    local right
    for word in line:gmatch "%S+" do
      right = right or word
      local key = plain(word)
      by_word[key] = by_word[key] or {}
      table.insert(by_word[key], right)
    end
  end
end

--- Returns the key of a table that a wrong name means, or nil.
---@param wrong string
---@param names table<string, any>
---@return string|nil
function meanings.of(wrong, names)
  if not by_word then read_lines() end
  local key = plain(wrong)
  for name in pairs(names) do
    if type(name) == "string" and plain(name) == key then return name end
  end
  for _, right in ipairs(by_word[key] or {}) do
    if rawget(names, right) ~= nil then return right end
  end
  return nil
end

return meanings
