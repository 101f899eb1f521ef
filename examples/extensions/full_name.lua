-- A computed field, and another one that needs it.
return {
  name = "full names",
  result = { user = {
    full_name = {
      needs = { "first", "last" },
      ---@return string
      compute = function(user) return user.last and user.first .. " " .. user.last or user.first end,
    },
    initials = {
      needs = { "full_name" },
      ---@return string
      compute = function(user) return (user.full_name:gsub("(%S)%S*%s*", "%1")) end,
    },
  } },
}
